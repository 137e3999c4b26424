"""The marts: every column described, also in Dagster; tests that fail a run; incremental models equal to whole ones."""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import AssetKey, TableSchema

from digest_pipeline.bundled import bundled
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.models import Episode, Segment, Transcript
from digest_pipeline.resources import dbt_project, dbt_sources_hash
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.store import save_outcome
from digest_pipeline.transcripts.transcribe import Outcome
from digest_pipeline.upkeep.retention import remove_old
from digest_pipeline.warehouse import Warehouse
from tests.dbt_runs import Dbt

MARTS = {
    "dim_shows", "dim_episodes", "dim_themes", "fct_insights", "fct_claim_themes", "fct_theme_days", "daily_top_insights", "show_scoreboard",
    "pipeline_costs", "feed_health", "episode_costs",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(dbt_project().manifest_path.read_text())
    return loaded


def described(manifest: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Column descriptions by model."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {model["name"]: {c: column["description"] for c, column in model["columns"].items()} for model in models}


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.execute(sql).fetchall()


def copied(settings: Settings, folder: Path) -> Path:
    copy = folder / "digest.duckdb"
    shutil.copyfile(settings.database, copy)
    return copy


def test_every_column_is_described(demo: Settings, manifest: dict[str, Any]) -> None:
    found = rows(
        demo.database, "select table_name, column_name from information_schema.columns"
        " where table_schema in ('staging', 'marts')"
    )  # fmt: skip
    models = described(manifest)
    assert {(model, column) for model, columns in models.items() for column in columns} == set(found)
    assert [(m, c) for m, columns in models.items() for c, text in columns.items() if not text.endswith(".")] == []
    assert set(models) >= MARTS


def test_descriptions_appear_in_dagster(manifest: dict[str, Any]) -> None:
    from digest_pipeline.definitions import build_defs

    specs = {spec.key: spec for spec in build_defs().resolve_all_asset_specs()}
    for model, columns in described(manifest).items():
        spec = specs[AssetKey(["marts" if model in MARTS else "staging", model])]
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, TableSchema)
        assert {column.name: column.description for column in schema.columns} == columns
        assert spec.description


def test_a_failed_data_test_fails_the_run(manifest: dict[str, Any]) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert len(tests) > 50
    assert {test["config"]["severity"].lower() for test in tests} == {"error"}


def test_exposures_name_the_digest_and_every_notebook(manifest: dict[str, Any]) -> None:
    labels = {exposure["label"] for exposure in manifest["exposures"].values()}
    notebooks = (bundled("dbt").parent / "notebooks").glob("*.ipynb")
    assert labels == {"The digest", *(f"notebooks/{path.name}" for path in notebooks)}


def test_days_built_one_by_one_equal_a_whole_build(demo: Settings, dbt: Dbt, tmp_path: Path) -> None:
    assert rows(demo.database, "select sources_hash from raw.marts_built") == [(dbt_sources_hash(),)]
    models = ("fct_claim_themes", "fct_insights")
    daily = [rows(demo.database, f"select * from marts.{model} order by all") for model in models]
    assert all(len({row[1] for row in table}) > 1 for table in daily)
    copy = copied(demo, tmp_path)
    dbt("run", copy, "--full-refresh", "--select", *models)
    assert [rows(copy, f"select * from marts.{model} order by all") for model in models] == daily


def test_a_day_that_leaves_its_window_without_themes_leaves_no_rows_of_them(
    demo: Settings, dbt: Dbt, tmp_path: Path
) -> None:
    copy = copied(demo, tmp_path)
    with duckdb.connect(str(copy)) as con:
        for table in ("embedding_clusters", "cluster_members", "theme_trends"):
            con.execute(f"delete from raw.{table} where digest_date = '2026-09-17'")
    dbt("run", copy, "--select", "fct_claim_themes", "dim_themes", day="2026-09-17")
    assert rows(copy, "select count(*) from marts.fct_claim_themes") == [(0,)]
    assert rows(copy, "select count(*) from marts.dim_themes where is_alive") == [(0,)]
    dbt("run", copy, "--full-refresh", "--select", "fct_claim_themes")
    assert rows(copy, "select count(*) from marts.fct_claim_themes") == [(0,)]


def test_hours_and_share_of_advertisement_stay_when_the_words_are_removed(
    warehouse: Warehouse, settings: Settings, dbt: Dbt
) -> None:
    day = date(2026, 9, 14)
    with warehouse.write() as con:
        add_feeds(con, [Subscription("https://x.example/f")], datetime(2026, 9, 14))
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls, description,"
            " status) values ('ep_1', 'https://x.example/f', 'One', now(), ?, '[]', '', 'due')",
            [day],
        )
    said = (Segment(0, 0, 900, None, "Words."), Segment(1, 900, 1200, None, "Buy now.", True, "ad"))
    episode = Episode("ep_1", "https://x.example/f", "Show", "One", None, None, "", None, "en")
    outcome = Outcome(episode, "transcribed", None, Transcript("ep_1", "publisher", None, "en", said))
    save_outcome(warehouse, outcome, day, max_attempts=4)
    with warehouse.write() as con:
        con.execute("insert into raw.digests values (?, 0, 0, 0, 0, '', now())", [day])
    shown = []
    for _ in range(2):
        dbt("run", settings.database, "--select", "+dim_episodes", "+show_scoreboard")
        shown += rows(
            settings.database,
            "select e.spoken_seconds, e.ad_seconds, e.ad_share, s.hours, s.ad_share, s.episodes"
            " from marts.dim_episodes e, marts.show_scoreboard s",
        )
        brief = settings.model_copy(update={"keep_transcripts_days": 1})
        remove_old(brief, datetime(2026, 9, 20, tzinfo=UTC))
    assert rows(settings.database, "from raw.transcript_segments") == []
    assert shown == 2 * [(1200, 300, 0.25, 1 / 3, 0.25, 1)]


def test_of_two_claims_of_a_day_that_say_the_same_the_earlier_one_is_new(
    demo: Settings, dbt: Dbt, tmp_path: Path
) -> None:
    copy = copied(demo, tmp_path)
    with duckdb.connect(str(copy)) as con:
        pair = con.execute(
            "select claim_id from raw.scored_insights join raw.claim_candidates c using (claim_id)"
            " join raw.episodes e using (episode_id) where c.digest_date = '2026-09-17'"
            " order by e.published_at, c.start_seconds limit 2"
        ).fetchall()
        (first,), (second,) = pair
        con.execute("delete from raw.claim_relations")
        for one, other in ((first, second), (second, first)):
            con.execute(
                "insert into raw.claim_relations values (?, '2026-09-17', ?, 'same', 0.9, true, 'said so')",
                [one, other],
            )
    dbt("run", copy, "--select", "fct_insights", "show_scoreboard", day="2026-09-17")
    said = dict(rows(copy, "select claim_id, relation from marts.fct_insights"))
    assert (said[first], said[second]) == ("new", "same")
    usable = rows(copy, "select sum(usable_claims), sum(usable_claims * original_share) from marts.show_scoreboard")
    assert usable[0][0] - usable[0][1] == pytest.approx(1)


def test_the_score_board_and_the_dimensions_agree_with_what_was_published(demo: Settings, demo_insights: int) -> None:
    assert rows(demo.database, "select sum(chosen_insights) from marts.pipeline_costs") == [(demo_insights,)]
    assert rows(
        demo.database, "select count(*) from marts.dim_episodes where status = 'transcribed' and usable_claims > 0"
    ) == [(15,)]
    shows = rows(demo.database, "select count(*), count(distinct feed_url) from marts.dim_shows")
    assert shows == rows(demo.database, "select count(*), count(*) from raw.feeds")
    first = rows(
        demo.database, "select count(*) from marts.dim_themes t left join staging.stg_claims c on c.claim_id = t.first_claim_id"
        " where t.claims > 0 and (t.first_headline is distinct from c.headline or t.first_said_on is null)"
    )  # fmt: skip
    assert first == [(0,)]
