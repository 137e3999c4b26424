"""Days whose tables and marts came apart, because a step was left out, died or was another release's: the next build
of any day tells what a whole one would, and no data test fails of them.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance

from digest_pipeline.automation import RESCORED
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.llm.rewrite import Rewording
from digest_pipeline.claims.store import save_extraction, save_rewordings
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.models import ClaimCandidate, Episode
from digest_pipeline.partitions import DAILY
from digest_pipeline.resources import WarehouseResource, dbt_sources_hash
from digest_pipeline.scoring.verdict_store import give_verdict
from digest_pipeline.scoring.verdicts import Kind
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.marts import marts_built_from, note_marts_built
from tests.dbt_runs import Dbt

DAYS = [date(2026, 9, 14) + timedelta(days=n) for n in range(4)]
FEED = "https://x.example/f"
INCREMENTAL = ("fct_insights", "fct_claim_themes")


def candidate(claim_id: str, headline: str = "Head") -> ClaimCandidate:
    return ClaimCandidate(
        claim_id, f"ep_{claim_id[3]}", headline, "", "Words", None, 0, 1, 0, 0, 0.7, False, "test", None, None
    )


def episode(number: int) -> Episode:
    return Episode(f"ep_{number}", FEED, "Show", "One", None, None, "", None, "en")


def read_anew(warehouse: Warehouse, number: int, *found: ClaimCandidate) -> None:
    """What the claims step does with a day's one episode."""
    with warehouse.write() as con:
        save_extraction(con, episode(number), DAYS[number], Extraction(found, 9), extractor_key="x", compute_seconds=0)


def score(con: duckdb.DuckDBPyConnection, number: int, ranks: Sequence[int | None], value: float = 0.7) -> None:
    con.execute("delete from raw.scored_insights where digest_date = ?", [DAYS[number]])
    con.executemany(
        "insert into raw.scored_insights values (?, ?, null, ?, .7, .7, .7, .7, .7, .7, ?, 'why', ?, .5, 1)",
        [(f"cl_{number}{n}", DAYS[number], value, rank, None if rank else "weak") for n, rank in enumerate(ranks)],
    )


def cluster(con: duckdb.DuckDBPyConnection, number: int, window_days: int) -> None:
    """All claims of the window in one theme, which is another one each day."""
    day, theme = DAYS[number], f"th_{number}_{window_days}"
    for table in ("cluster_days", "embedding_clusters", "cluster_members"):
        con.execute(f"delete from raw.{table} where digest_date = ?", [day])
    con.execute("insert into raw.cluster_days values (?, 'm', ?, 9, 1, 0)", [day, window_days])
    con.execute(
        "insert into raw.embedding_clusters (cluster_id, digest_date, label, keywords, size, n_shows, first_seen_on,"
        " last_seen_on, centroid) values (?, ?, 'queue', ['queue'], 9, 1, ?, ?, [1])",
        [theme, day, DAYS[0], day],
    )
    con.execute(
        "insert into raw.cluster_members select claim_id, ?, ?, 1 from raw.claim_candidates"
        " where digest_date between ? and ?",
        [day, theme, day - timedelta(days=window_days - 1), day],
    )


@pytest.fixture
def days(warehouse: Warehouse) -> Warehouse:
    """Four days of three scored and clustered claims; the window is all of them."""
    with warehouse.write() as con:
        add_feeds(con, [Subscription(FEED)], datetime(2026, 9, 14))
        for number, day in enumerate(DAYS):
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls,"
                " description, status) values (?, ?, 'One', now(), ?, '[]', '', 'transcribed')",
                [f"ep_{number}", FEED, day],
            )
            found = [candidate(f"cl_{number}{n}") for n in range(3)]
            save_extraction(
                con, episode(number), day, Extraction(tuple(found), 9), extractor_key="x", compute_seconds=0
            )
            score(con, number, (1, 2, None))
            cluster(con, number, window_days=45)
    return warehouse


def tables(warehouse: Warehouse) -> list[list[tuple[Any, ...]]]:
    with warehouse.read() as con:
        return [con.execute(f"from marts.{table} order by all").fetchall() for table in INCREMENTAL]


def equal_a_whole_build(warehouse: Warehouse, dbt: Dbt) -> bool:
    by_day = tables(warehouse)
    dbt("run", warehouse.path, "--full-refresh", "--select", *INCREMENTAL)
    return by_day == tables(warehouse)


def scores(warehouse: Warehouse, number: int) -> list[tuple[Any, ...]]:
    with warehouse.read() as con:
        return con.execute(
            "select claim_id, rank from raw.scored_insights where digest_date = ? order by 1", [DAYS[number]]
        ).fetchall()


def test_scores_go_with_the_claims_that_a_new_reading_takes_out_or_refuses(days: Warehouse) -> None:
    with days.write() as con:
        give_verdict(con, "cl_10", Kind.WRONG, None, datetime(2026, 9, 15))
    read_anew(days, 1, candidate("cl_11"), candidate("cl_19"))
    assert scores(days, 1) == [("cl_11", 1)], "cl_10 was judged, so it stays and is refused; its place is closed"
    assert scores(days, 0) == [("cl_00", 1), ("cl_01", 2), ("cl_02", None)]


def test_scores_go_with_the_claims_that_are_worded_anew(days: Warehouse) -> None:
    with days.write() as con:
        save_rewordings(con, DAYS[1], [Rewording(candidate("cl_10"), candidate("cl_19"))])
    assert scores(days, 1) == [("cl_11", 1), ("cl_12", None)]


def test_what_an_unfinished_run_left_does_not_fail_other_days_and_is_made_up_for(days: Warehouse, dbt: Dbt) -> None:
    dbt("build", days.path, day=str(DAYS[0]))
    with days.write() as con:
        give_verdict(con, "cl_00", Kind.WRONG, None, datetime(2026, 9, 15))
        # the marts of the second day died; the third was scored again without them
        con.execute("delete from marts.fct_insights where digest_date = ?", [DAYS[1]])
        con.execute("update marts.fct_claim_themes set as_of = ?", [DAYS[2]])
        score(con, 2, (None, 2, 1), value=0.6)
    read_anew(days, 0, candidate("cl_02", "Other words"))  # and nothing scored it
    dbt("build", days.path, day=str(DAYS[3]))
    assert equal_a_whole_build(days, dbt)
    with days.read() as con:
        found = con.execute("select digest_date, count(*) from marts.fct_insights group by all order by all").fetchall()
    assert found == [(DAYS[0], 1), (DAYS[1], 3), (DAYS[2], 3), (DAYS[3], 3)]


def test_counts_and_sums_are_of_a_type_that_other_tools_read_as_numbers(days: Warehouse, dbt: Dbt) -> None:
    """A sum of integers is a HUGEINT in DuckDB: a decimal of 38 digits elsewhere, and a string in JSON."""
    dbt("run", days.path)
    with days.read() as con:
        huge = "select table_name, column_name from duckdb_columns() where data_type = 'HUGEINT'"
        assert con.execute(huge).fetchall() == []


def test_a_smaller_window_leaves_no_theme_of_the_larger_one(days: Warehouse, dbt: Dbt) -> None:
    dbt("build", days.path, day=str(DAYS[3]))
    with days.write() as con:
        cluster(con, 3, window_days=2)
    dbt("build", days.path, day=str(DAYS[3]))
    with days.read() as con:
        found = con.execute("select distinct digest_date, as_of from marts.fct_claim_themes order by 1").fetchall()
    assert found == [(DAYS[0], DAYS[2]), (DAYS[1], DAYS[2]), (DAYS[2], DAYS[3]), (DAYS[3], DAYS[3])]
    assert equal_a_whole_build(days, dbt)


def test_a_theme_that_was_named_anew_or_has_gone_reaches_the_insights(days: Warehouse, dbt: Dbt) -> None:
    with days.write() as con:
        con.execute(
            "update raw.scored_insights set cluster_id = 'th_' || date_diff('day', ?, digest_date) || '_45'", DAYS[:1]
        )
    dbt("build", days.path, day=str(DAYS[3]))
    with days.write() as con:
        con.execute("update raw.embedding_clusters set title = 'Queues at night' where digest_date = ?", [DAYS[0]])
        cluster(con, 1, window_days=2)  # under another id
    dbt("build", days.path, day=str(DAYS[3]))
    with days.read() as con:
        found = con.execute("select distinct digest_date, theme from marts.fct_insights order by 1").fetchall()
    assert [theme for _, theme in found] == ["Queues at night", None, "queue", "queue"]
    assert equal_a_whole_build(days, dbt)


def test_without_a_day_nothing_stays_of_days_that_have_gone(days: Warehouse, dbt: Dbt) -> None:
    dbt("build", days.path, day=str(DAYS[3]))
    with days.write() as con:
        for table in ("scored_insights", "claim_candidates"):
            con.execute(f"delete from raw.{table} where digest_date = ?", [DAYS[0]])
    dbt("run", days.path)
    with days.read() as con:
        for table in INCREMENTAL:
            assert con.execute(f"select min(digest_date) from marts.{table}").fetchall() == [(DAYS[1],)]


def test_after_an_upgrade_one_of_the_models_does_not_count_for_all(days: Warehouse, settings: Settings) -> None:
    from digest_pipeline.definitions import build_defs

    defs = build_defs(resources={"warehouse": WarehouseResource(database=str(settings.database))})
    job, shows = defs.resolve_job_def("rescore_job"), AssetKey(["marts", "dim_shows"])
    every = [key for key in job.asset_layer.selected_asset_keys if key.path[0] in ("staging", "marts")]
    noted = []
    with DagsterInstance.ephemeral() as instance:
        # what earlier releases recorded of it knows no days
        instance.report_runless_asset_event(AssetMaterialization(shows))
        for models in (every, [shows]):
            with days.write() as con:
                note_marts_built(con, "another release")
            job.execute_in_process(partition_key=str(DAYS[3]), asset_selection=models, instance=instance)
            with days.read() as con:
                noted.append(marts_built_from(con))
    assert noted == [dbt_sources_hash(), "another release"]


def test_all_days_of_a_backfill_are_run_whole_one_after_the_other() -> None:
    """Dagster puts into one run what has equal partitions and an equal policy, a run a partition where there is none."""
    from digest_pipeline.definitions import build_defs

    graph = build_defs().resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.materializable_asset_keys if key != AssetKey("deliveries")]
    assert {node.partitions_def for node in nodes} == {DAILY}
    assert {node.backfill_policy for node in nodes} == {None}


def test_a_day_that_is_scored_again_by_dagster_reaches_the_marts() -> None:
    from digest_pipeline.definitions import build_defs

    job = build_defs().resolve_job_def("rescore_job")
    names = {node.name for node in job.nodes}
    assert names == {*RESCORED, "marts"}
