"""What breaks a rule of the house is held back before anything is written; a preview shows a day and leaves no trace."""

from datetime import date
from pathlib import Path

import pytest
from dagster import AssetSpec, DagsterInstance, materialize
from typer.testing import CliRunner

from assets.daily_digest import daily_digest
from digest_pipeline.cli import app
from digest_pipeline.errors import HeldBack
from digest_pipeline.publishing import store
from digest_pipeline.publishing.publish import build, judge, record
from digest_pipeline.publishing.rules import RULES
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse

DAY, BEFORE = date(2026, 9, 15), date(2026, 9, 14)
# What dbt leaves of this mart, as far as publishing reads it.
MART = """
create schema if not exists marts;
create table marts.daily_top_insights as
select 1 as rank, c.claim_id, c.headline, c.explanation, c.quote, c.speaker, 'Show' as show_title,
    'Episode' as episode_title, c.start_seconds, c.end_seconds, null::varchar as audio_url, null::varchar as link,
    null::varchar as theme, 0.7::double as score, 0.7::double as worthiness, 0.7::double as clarity, 0.7::double as novelty, 0.7::double as specificity,
    0.7::double as corroboration, 0.7::double as momentum, 'A strong claim.' as why, null::varchar as cluster_id, c.digest_date
from raw.claim_candidates c
"""


@pytest.fixture
def chosen(warehouse: Warehouse) -> Warehouse:
    """Two days of which each has chosen two claims that break no rule."""
    with warehouse.write() as con:
        for number in range(4):
            episode, day = f"ep_{number}", BEFORE if number < 2 else DAY
            words = f"The queue of line {number} fell by half."
            con.execute(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
                " values (?, 0, 10, 20, ?, false), (?, 1, 20, 30, 'That is all.', false)",
                [episode, f"So, {words}", episode],
            )
            con.execute(
                "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
                " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
                " values (?, ?, ?, ?, '', ?, 11, 20, 0, 0, 0.7, false, 'test')",
                [f"cl_{number}", day, episode, f"Headline {number}.", words],
            )
            vector = [float(place == number) for place in range(8)]
            con.execute(
                "insert into raw.claim_embeddings values (?, 'all-MiniLM-L6-v2', ?, 0.8)", [f"cl_{number}", vector]
            )
            con.execute(
                "insert into raw.scored_insights values (?, ?, null, .7, .7, .7, .7, .7, .7, .7, ?, 'why', null, .5, 1)",
                [f"cl_{number}", day, number % 2 + 1],
            )
        con.execute(MART)
        con.execute("update marts.daily_top_insights set rank = 2 where claim_id in ('cl_1', 'cl_3')")
    return warehouse


BREAKS = {
    "quotes_are_in_their_transcript": "update raw.transcript_segments set text = 'Other words.' where episode_id = 'ep_2'",
    "no_advertisement_is_published": "update raw.transcript_segments set is_ad = true where episode_id = 'ep_2'",
    "nothing_was_published_before": "update raw.claim_embeddings set embedding = [1, 0, 0, 0, 0, 0, 0, 0] where claim_id = 'cl_2'",
    "no_two_insights_say_the_same": "update raw.claim_embeddings set embedding = [0, 0, 0, 1, 0, 0, 0, 0] where claim_id = 'cl_2'",
}


def publish_day(warehouse: Warehouse, day: date, settings: Settings) -> list[Path]:
    with warehouse.write() as con:
        record(con, judge(con, day, settings), settings)
    return build(warehouse, day, settings)


@pytest.mark.parametrize("rule", list(BREAKS))
def test_a_broken_rule_is_named_with_its_claim(chosen: Warehouse, settings: Settings, rule: str) -> None:
    publish_day(chosen, BEFORE, settings)
    with chosen.write() as con:
        assert not any(judge(con, DAY, settings).broken.values())
        con.execute(BREAKS[rule])
        verdict = judge(con, DAY, settings)
    broken = {name: ids for name, ids in verdict.broken.items() if ids}
    assert set(broken) == {rule}
    assert "cl_2" in broken[rule]
    with pytest.raises(HeldBack, match=rule), chosen.write() as con:
        record(con, verdict, settings)
    with chosen.read() as con:
        assert store.published_days(con) == [BEFORE]


def test_what_another_day_published_is_held_back_however_far_away_and_on_either_side(
    chosen: Warehouse, settings: Settings
) -> None:
    publish_day(chosen, BEFORE, settings)
    with chosen.write() as con:
        con.execute(BREAKS["nothing_was_published_before"])
        for day, model in (
            ("2024-01-01", "all-MiniLM-L6-v2"),
            ("2027-01-01", "all-MiniLM-L6-v2"),
            ("2027-01-01", "other"),
        ):
            con.execute("update raw.digest_items set digest_date = ?", [day])
            con.execute("update raw.claim_embeddings set model = ? where claim_id = 'cl_0'", [model])
            found = judge(con, DAY, settings).broken["nothing_was_published_before"]
            assert found == (["cl_2"] if model != "other" else []), "only this encoder's vectors can be compared"
        con.execute("update raw.claim_embeddings set model = 'all-MiniLM-L6-v2'")
        con.execute("insert into raw.claim_relations values ('cl_2', ?, 'cl_0', 'updates', 1, true, '')", [DAY])
        assert judge(con, DAY, settings).broken["nothing_was_published_before"] == []


def test_a_digest_is_no_longer_than_it_may_be(chosen: Warehouse) -> None:
    with chosen.read() as con:
        verdict = judge(con, DAY, load_settings(top_n=1))
    assert verdict.broken["digest_keeps_its_length"] == ["cl_3"]


def test_what_readers_have_seen_is_not_held_back_later(chosen: Warehouse, settings: Settings) -> None:
    publish_day(chosen, DAY, settings)
    with chosen.write() as con:
        con.execute(BREAKS["no_advertisement_is_published"])
        con.execute("delete from marts.daily_top_insights where claim_id = 'cl_2'")
        verdict = judge(con, DAY, settings)
    assert not any(verdict.broken.values())
    assert verdict.differs_from_published
    assert [item.claim_id for item in verdict.digest.items] == ["cl_2", "cl_3"]
    assert publish_day(chosen, DAY, settings) == []


def test_a_build_that_died_is_made_up_for(chosen: Warehouse, settings: Settings) -> None:
    publish_day(chosen, BEFORE, settings)
    with chosen.write() as con:
        con.execute("insert into raw.digests values ('2026-09-16', 0, 1, 1, 1, '', '2026-09-17')")
        record(con, judge(con, DAY, settings), settings)  # and dies before its pages are written
    build(chosen, date(2026, 9, 16), settings)
    for name in ("days/2026-09-15.html", "insights/cl_2.html", "insights/cl_3.html"):
        assert (settings.site / name).exists(), name
    with chosen.read() as con:
        assert store.undelivered_days(con, store.SITE, str(settings.site)) == []


def run_asset(settings: Settings, instance: DagsterInstance) -> tuple[bool, dict[str, bool], dict[str, object]]:
    result = materialize(
        [daily_digest, AssetSpec("scored_insights"), AssetSpec(["marts", "daily_top_insights"])],
        resources={"warehouse": WarehouseResource(database=str(settings.database)), "settings": SettingsResource()},
        partition_key=str(DAY),
        instance=instance,
        raise_on_error=False,
    )
    checks = {found.check_name: found.passed for found in result.get_asset_check_evaluations()}
    made = result.asset_materializations_for_node("daily_digest") if result.success else []
    return result.success, checks, {key: value.value for m in made for key, value in m.metadata.items()}


def test_dagster_holds_the_publication_and_shows_why(chosen: Warehouse, settings: Settings) -> None:
    with DagsterInstance.ephemeral() as instance:
        with chosen.write() as con:
            con.execute(BREAKS["no_advertisement_is_published"])
        succeeded, checks, _ = run_asset(settings, instance)
        assert not succeeded
        assert checks == {rule: rule != "no_advertisement_is_published" for rule in RULES}
        assert not settings.site.exists()
        with chosen.write() as con:
            assert store.published_days(con) == []
            con.execute("update raw.transcript_segments set is_ad = false")
        succeeded, checks, metadata = run_asset(settings, instance)
    assert succeeded
    assert checks == dict.fromkeys(RULES, True)
    assert "Headline 2" in str(metadata["digest"])
    assert str(metadata["page"]).startswith("file://")
    assert metadata["dagster/row_count"] == 2
    assert int(str(metadata["files_changed"])) > 10


def test_a_preview_leaves_no_trace(chosen: Warehouse, settings: Settings, tmp_path: Path) -> None:
    publish_day(chosen, BEFORE, settings)
    before = {path: path.read_bytes() for path in settings.site.rglob("*") if path.is_file()}
    runner, target = CliRunner(), tmp_path / "aside"
    found = runner.invoke(app, ["preview", "--date", str(DAY), "-o", str(target)])
    assert found.exit_code == 0, found.output
    assert "Headline 2" in found.output
    assert "Headline 2" in (target / "index.html").read_text(encoding="utf-8")
    assert (target / "days" / f"{BEFORE}.html").exists()
    assert before == {path: path.read_bytes() for path in settings.site.rglob("*") if path.is_file()}
    with chosen.write() as con:
        assert store.published_days(con) == [BEFORE]
        assert con.execute("select count(*) from raw.deliveries").fetchall() == [(1,)]
        con.execute(BREAKS["no_advertisement_is_published"])
    held = runner.invoke(app, ["preview", "-o", str(target)])
    assert held.exit_code == 1
    assert "no_advertisement_is_published: cl_2" in held.output
    wrong = runner.invoke(app, ["preview", "--date", "2026-01-01"])
    assert "scored days: 2026-09-14 to 2026-09-15" in str(wrong.exception)
    assert "is the site itself" in str(runner.invoke(app, ["preview", "-o", str(settings.site)]).exception)


def test_what_a_verdict_bars_is_sent_to_nobody(chosen: Warehouse) -> None:
    """Asked of the scores: a mart that an earlier release left does not know of verdicts."""
    with chosen.write() as con:
        con.execute("create table marts.fct_insights as from marts.daily_top_insights")
        assert {item.claim_id for item in store.worthy_items(con, DAY, score=0, clarity=0)} == {"cl_2", "cl_3"}
        con.execute("update raw.scored_insights set verdicts = 0 where claim_id = 'cl_3'")
        assert {item.claim_id for item in store.worthy_items(con, DAY, score=0, clarity=0)} == {"cl_2"}
