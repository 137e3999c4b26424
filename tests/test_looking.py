"""Commands that only look: what they say whole, and of what is not there."""

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, DigestError), result.output
    return str(result.exception)


@pytest.mark.parametrize("name", ["digests", "raw.digests"])
def test_a_table_is_exported_by_its_name_with_or_without_the_schema(warehouse: Warehouse, name: str) -> None:
    with warehouse.write() as con:
        record_digest(con, Digest(DAY, ()))
    result = CliRunner().invoke(app, ["export", name, "--date", str(DAY)])
    assert result.stdout.startswith('{"digest_date":"2026-09-14"'), result.output
    assert result.stderr == "1 row of raw.digests\n"
    assert "tables: claim_candidates, " in refused("export", "marts.digests")


def test_of_a_day_without_a_digest_the_command_that_makes_it_is_said(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        record_digest(con, Digest(DAY, ()))
    assert "`digest run --date 2026-09-15`" in refused("show", "--date", "2026-09-15")


def test_why_calls_a_theme_by_its_title_as_the_digest_does(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
            " values ('ep_1', 'f', 'One', now(), '[]', '', 'transcribed')"
        )
        con.execute(
            "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
            " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
            " values ('cl_1', ?, 'ep_1', 'Head', '', 'Words', 0, 1, 0, 0, 0.7, false, 'test')",
            [DAY],
        )
        con.execute(
            "insert into raw.scored_insights values ('cl_1', ?, 'th_1', .7, .7, .7, .7, .7, .7, .7, 1, 'why', null, .5, 1)",
            [DAY],
        )
        con.execute(
            "insert into raw.embedding_clusters (cluster_id, digest_date, label, title, keywords, size, n_shows,"
            " first_seen_on, last_seen_on, centroid) values ('th_1', $1, 'Queue, fee', 'Fees empty the queue', [], 1, 1,"
            " $1, $1, [])",
            [DAY],
        )
    said = CliRunner().invoke(app, ["why", "cl_1"], env={"COLUMNS": "200"}).output
    assert "Theme: Fees empty the queue" in said


def test_rescoring_makes_no_home(settings: Settings) -> None:
    assert "there is no database" in refused("rescore", "--from", str(DAY))
    assert not settings.home.exists()


def test_a_path_stays_on_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "-".join(["long"] * 20)
    monkeypatch.setenv("DIGEST_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "40")
    for command in ("init", "status"):
        assert f"{home}" in CliRunner().invoke(app, [command]).output


def test_what_other_commands_are_asked_by_is_whole_on_a_narrow_terminal(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_id = "cl_901f5d88e6f842e6"
    with warehouse.write() as con:
        record_digest(con, Digest(DAY, ()))
        con.execute(
            "insert into raw.verdicts (claim_id, verdict, note, given_at) values (?, 'bad', 'No news at all.', now())",
            [claim_id],
        )
    monkeypatch.setenv("COLUMNS", "60")
    for command, shown in (("status", f" {DAY} "), ("verdicts", f" {claim_id} ")):
        assert shown in CliRunner().invoke(app, [command]).output


def test_a_search_before_the_first_run_says_that_a_run_is_missing(warehouse: Warehouse) -> None:
    with warehouse.read():
        pass
    assert refused("search", "storage") == (
        "the tables that are searched are not there yet (`digest run` builds those of this release)"
    )


def test_a_delivery_of_nothing_says_that_nothing_is_left_to_send(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.write() as con:
        record_digest(con, Digest(DAY, ()))  # far older than mail_days_back
    CliRunner().invoke(app, ["subscribers", "add", "ann@example.org", "--confirmed"])
    assert CliRunner().invoke(app, ["deliver"]).stdout == "What is due: 1 without a mail server\n"
    monkeypatch.setenv("DIGEST_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("DIGEST_MAIL_FROM", "five@example.org")
    assert CliRunner().invoke(app, ["deliver"]).stdout == "What is due: 1 with nothing left to send\n"
