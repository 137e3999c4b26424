"""What tells an operator how it goes: health, metrics, alerts that do not repeat themselves, a structured log."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.day_summary import summarise
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import DigestError, SettingsError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.progress import step
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.health import Health, health_of
from digest_pipeline.upkeep.logs import json_log
from digest_pipeline.upkeep.report import report
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.mail_server import inbox

NOW = datetime(2026, 9, 18, 9, 0, tzinfo=UTC)
YESTERDAY = date(2026, 9, 17)


def publish(warehouse: Warehouse, day: date, count: int) -> None:
    with warehouse.write() as con:
        record_digest(con, Digest(day, ()))
        con.execute("update raw.digests set n_items = ? where digest_date = ?", [count, day])


def store_episodes(warehouse: Warehouse, *episodes: tuple[str, date | None, str, date]) -> None:
    """By id, with the day that took them, their status, and when they were there to be taken; first seen a day later."""
    with warehouse.write() as con:
        for episode_id, taken_by, status, available in episodes:
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, available_at, digest_date,"
                " transcript_urls, description, status) values (?, 'u', 't', ?, ?, ?, '[]', '', ?)",
                [episode_id, available + timedelta(days=1), available, taken_by, status],
            )


def health(warehouse: Warehouse, settings: Settings) -> Health:
    with warehouse.read() as con, open_delivery(settings.subscribers) as book:
        return health_of(con, book, settings, NOW)


def test_a_new_home_and_a_day_that_is_done_are_healthy(warehouse: Warehouse, settings: Settings) -> None:
    assert health(warehouse, settings).problems == []
    publish(warehouse, YESTERDAY, 5)
    assert health(warehouse, settings).problems == []


def test_days_that_were_left_out_and_silence_are_named(warehouse: Warehouse, settings: Settings) -> None:
    for back in (5, 3):
        publish(warehouse, YESTERDAY - timedelta(days=back), 5)
    assert health(warehouse, settings).problems == [
        "no digest since 2026-09-14: 3 complete days without one",
        "no digest of 2026-09-13",
    ]


def test_a_home_that_never_published_names_its_failing_feeds_and_its_days(
    warehouse: Warehouse, settings: Settings
) -> None:
    with warehouse.write() as con:
        con.execute(
            "insert into raw.feeds (feed_url, shown_url, title, added_at, last_status, consecutive_failures)"
            " values ('u', 'u', 'A', '2026-09-01', 'HTTP 500', 12)"
        )
    assert health(warehouse, settings).problems == ["A: HTTP 500"]
    store_episodes(warehouse, ("ep_1", YESTERDAY, "failed", YESTERDAY))
    assert health(warehouse, settings).problems == [
        "nothing is published yet, though 2026-09-17 has episodes; `digest run --date 2026-09-17` says why",
        "A: HTTP 500",
    ]
    assert CliRunner().invoke(app, ["status"]).exit_code == 1


def test_an_item_without_audio_counts_on_the_day_that_could_have_taken_it(
    warehouse: Warehouse, settings: Settings
) -> None:
    store_episodes(warehouse, ("ep_1", None, "unusable", YESTERDAY))
    with warehouse.read() as con:
        days = [YESTERDAY + timedelta(days=n) for n in (-1, 0, 1)]
        assert [summarise(con, day, settings).unusable for day in days] == [0, 1, 0]


def test_fewer_insights_than_usual_are_named(warehouse: Warehouse, settings: Settings) -> None:
    for back in range(20):
        publish(warehouse, YESTERDAY - timedelta(days=back), 1 if back < 7 else 5)
    assert health(warehouse, settings).problems == ["1.0 insights a day are published, 5.0 were usual"]


def test_what_a_backfill_of_old_days_costs_counts_when_it_is_spent(warehouse: Warehouse, settings: Settings) -> None:
    with warehouse.write() as con:
        for call, back, usd in (("now", 1, 2.5), ("long ago", 31, 4.0)):
            con.execute(
                "insert into raw.llm_calls (call_id, called_at, digest_date, stage, model, tokens_in, tokens_out, usd,"
                " cached, outcome) values (?, ?, '2025-01-06', 'claims', 'm', 9, 9, ?, false, 'ok')",
                [call, NOW.replace(tzinfo=None) - timedelta(days=back), usd],
            )
    assert health(warehouse, settings).usd == 2.5


def store_delivery(settings: Settings, outcome: Outcome) -> None:
    """Yesterday's digest, to a new subscriber that is called after what became of it."""
    with open_delivery(settings.subscribers) as con:
        new = Subscriber(f"su_{outcome.status}", "mail", f"{outcome.status}@example.org", is_active=True)
        delivery = Delivery(SubscriberBook(con).save(new), (Digest(YESTERDAY, ()),))
        ledger.claim(con, delivery)
        ledger.finish(con, delivery, outcome)


def test_deliveries_that_did_not_arrive_are_named(warehouse: Warehouse, settings: Settings) -> None:
    publish(warehouse, YESTERDAY, 5)
    for outcome in (Outcome("sent"), Outcome("refused"), Outcome("unknown")):
        store_delivery(settings, outcome)
    found = health(warehouse, settings)
    assert found.deliveries == {"sent": 1, "refused": 1, "unknown": 1}
    assert [line.split(":")[0] for line in found.problems] == ["refused", "unknown"]


def test_metrics_are_read_by_prometheus(warehouse: Warehouse, settings: Settings) -> None:
    publish(warehouse, YESTERDAY, 5)
    with warehouse.write() as con:
        con.execute("insert into raw.feeds (feed_url, added_at, consecutive_failures) values ('f', now(), 2)")
    for outcome in (Outcome("sent"), Outcome("refused")):
        store_delivery(settings, outcome)
    assert report(settings, "Digest", [], NOW) == []
    text = (settings.home / "metrics.prom").read_text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    values = {sample.name: sample.value for sample in samples}
    by_status = {sample.labels["status"]: sample.value for sample in samples if sample.name == "digest_deliveries"}
    assert by_status == {"sent": 1, "refused": 1}
    assert values["digest_feeds_failing"] == 1
    assert values["digest_missing_days"] == 0
    assert values["digest_last_day_timestamp_seconds"] == datetime(2026, 9, 17, tzinfo=UTC).timestamp()
    assert values["digest_database_bytes"] > 0


def test_what_leaves_just_now_is_no_problem_and_what_is_given_up_is_one_however_long_it_was_waited_for(
    warehouse: Warehouse, settings: Settings
) -> None:
    publish(warehouse, YESTERDAY, 5)
    waits_long = settings.model_copy(update={"mail_days_back": 9})
    with open_delivery(settings.subscribers) as con:
        one = SubscriberBook(con).save(Subscriber("su_1", "mail", "ann@example.org", is_active=True))
        given_up = NOW.date() - timedelta(days=10)
        ledger.note(con, Delivery(one, (Digest(given_up, ()),)), Outcome("waiting"))
        ledger.give_up(con, NOW.date() - timedelta(days=9))
        ledger.claim(con, Delivery(one, (Digest(YESTERDAY, ()),)))
        con.execute("update deliveries set started_at = ? where status = 'started'", [NOW.isoformat()])
        assert [line.split(":")[0] for line in health(warehouse, waits_long).problems] == ["given up"]
        con.execute("update deliveries set started_at = ?", [(NOW - timedelta(hours=1)).isoformat()])
        assert [line.split(":")[0] for line in health(warehouse, waits_long).problems] == ["started", "given up"]


@pytest.fixture
def hook(web: Web) -> tuple[list[str], str, Callable[[int], None]]:
    """What arrived, the address, and what says with which status it is answered."""
    got: list[str] = []
    status = [200]

    def answer(request: BaseHTTPRequestHandler) -> None:
        got.append(json.loads(request.rfile.read(int(request.headers["Content-Length"])))["message"])
        request.send_response(status[0])
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes["/alerts"] = answer
    return got, f"{web.url.replace('http', 'json')}/alerts", lambda code: status.__setitem__(0, code)


def test_an_alert_says_each_thing_once_until_it_is_mended(
    warehouse: Warehouse, settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    got, address, answer_with = hook
    publish(warehouse, YESTERDAY, 5)
    alerted = settings.model_copy(update={"alert_url": SecretStr(address)})
    assert report(alerted, "Digest of a day", ["Show: fails"], NOW) == ["Show: fails"]
    assert report(alerted, "Digest of a day", ["Show: fails"], NOW) == []
    assert report(alerted, "Digest of a day", ["Show: fails", "Other: fails"], NOW) == ["Other: fails"]
    assert report(alerted, "Digest of a day", [], NOW) == []
    answer_with(500)
    assert report(alerted, "Digest of a day", ["Show: fails"], NOW) == []
    answer_with(200)
    assert report(alerted, "Digest of a day", ["Show: fails"], NOW) == ["Show: fails"]
    assert ["Show: fails" in text for text in got] == [True, False, True, True]
    with pytest.raises(SettingsError, match="DIGEST_ALERT_URL"):
        report(settings.model_copy(update={"alert_url": SecretStr("nonsense")}), "Digest", ["New"], NOW)


def test_a_power_cut_that_took_what_was_said_costs_no_more_than_an_alert_said_again(
    warehouse: Warehouse, settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    publish(warehouse, YESTERDAY, 5)
    alerted = settings.model_copy(update={"alert_url": SecretStr(hook[1])})
    assert report(alerted, "Digest", ["Show: fails"], NOW) == ["Show: fails"]
    (settings.home / "alerted.json").write_bytes(b"")
    assert report(alerted, "Digest", ["Show: fails"], NOW) == ["Show: fails"]
    assert report(alerted, "Digest", ["Show: fails"], NOW) == []


def test_an_alert_is_not_repeated_for_what_is_counted_in_it_nor_for_what_another_run_says(
    warehouse: Warehouse, settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    got, address, _ = hook
    publish(warehouse, YESTERDAY - timedelta(days=4), 5)
    alerted = settings.model_copy(update={"alert_url": SecretStr(f"{address} {address}-that-fails")})
    silent = "Show: no new episode for {} days, usually every 7 days"
    first = report(alerted, "Digest of a day", [silent.format(72)], NOW)
    assert first == [silent.format(72), "no digest since 2026-09-13: 4 complete days without one"]
    assert report(alerted, "Digest", ["job failed"], NOW + timedelta(hours=1), is_all=False) == ["job failed"]
    publish(warehouse, YESTERDAY - timedelta(days=3), 5)
    assert report(alerted, "Digest of a day", [silent.format(73)], NOW + timedelta(days=1)) == []
    assert report(alerted, "Digest", ["job failed"], NOW + timedelta(days=1), is_all=False) == ["job failed"]
    assert report(alerted, "Digest of a day", [silent.replace("Show", "Other").format(9)], NOW) != []
    assert len(got) == 4


def test_an_alert_is_not_repeated_when_an_old_gap_passes_or_a_host_asks_for_another_wait(
    warehouse: Warehouse, settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    _, address, _ = hook
    alerted = settings.model_copy(update={"alert_url": SecretStr(address)})
    for back in range(40):
        if back not in (3, 27, 28):
            publish(warehouse, YESTERDAY - timedelta(days=back), 5)
    waits = "Show: HTTP 429, and asks to wait {} s"
    gap = "no digest of 2026-09-14, nor of 2 days before: 2026-08-21, 2026-08-20"
    assert report(alerted, "Digest of a day", [waits.format(3417)], NOW) == [waits.format(3417), gap]
    later = NOW + timedelta(days=2)  # the first of them is out of the window
    for ahead in (1, 2):
        publish(warehouse, YESTERDAY + timedelta(days=ahead), 5)
    assert report(alerted, "Digest of a day", [waits.format(2980)], later) == []


def test_an_alert_to_where_a_service_has_moved_from_is_not_taken_for_sent(
    warehouse: Warehouse,
    settings: Settings,
    web: Web,
    hook: tuple[list[str], str, Callable[[int], None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    got, address, _ = hook

    def move(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        request.send_response(301)
        request.send_header("Location", "/alerts")
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.routes["/old"] = move
    publish(warehouse, YESTERDAY, 5)
    old = settings.model_copy(update={"alert_url": SecretStr(address.replace("/alerts", "/old?optional=yes"))})
    assert report(old, "Digest of a day", ["Show: fails"], NOW) == []
    assert "the service answered 301, it has moved" in caplog.text
    assert report(settings.model_copy(update={"alert_url": SecretStr(address)}), "Digest", ["Show: fails"], NOW)
    assert len(got) == 1


def test_words_of_a_feed_are_no_markup_in_an_alert(warehouse: Warehouse, settings: Settings) -> None:
    publish(warehouse, YESTERDAY, 5)
    line = "<img src='https://evil.example/x'> [free](https://evil.example): HTTP 500"
    with inbox() as box:
        address = f"mailto://127.0.0.1:{box.port}?from=a@example.org&to=b@example.org"
        assert report(settings.model_copy(update={"alert_url": SecretStr(address)}), "Digest", [line], NOW) == [line]
    (mail,) = box.messages
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain"]
    assert line in mail.get_content()


def test_an_alert_that_is_too_long_for_its_service_goes_in_pieces(
    warehouse: Warehouse, settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    got, address, _ = hook
    publish(warehouse, YESTERDAY, 5)
    lines = [f"Show {n}: {'fails ' * 500}" for n in range(20)]
    assert report(settings.model_copy(update={"alert_url": SecretStr(address)}), "Digest", lines, NOW) == lines
    assert [len(text) <= 32_768 for text in got] == [True, True]  # what Apprise gives a message of this kind


def test_a_day_is_late_from_the_morning_on(warehouse: Warehouse, settings: Settings) -> None:
    publish(warehouse, YESTERDAY - timedelta(days=1), 5)
    with warehouse.read() as con, open_delivery(settings.subscribers) as book:
        assert health_of(con, book, settings, NOW.replace(hour=0, minute=5)).problems == []
        assert health_of(con, book, settings, NOW).problems != []


def test_what_failed_is_told_though_the_database_cannot_be_read(
    settings: Settings, hook: tuple[list[str], str, Callable[[int], None]]
) -> None:
    got, address, _ = hook
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.database.write_bytes(b"no database" * 1000)
    alerted = settings.model_copy(update={"alert_url": SecretStr(address)})
    with pytest.raises(DigestError):
        report(alerted, "Digest of a day", ["episodes: failed"], NOW)
    assert "episodes: failed" in got[0]
    assert str(settings.database) in got[0]


def test_the_log_is_json_with_day_and_episode(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    with json_log(file), bound_contextvars(day="2026-09-17"):
        with bound_contextvars(episode_id="ep_1"):
            step("transcribe", 1, 2, "One")
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logging.getLogger("digest_pipeline.feeds").exception("broken")
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert (first["day"], first["episode_id"], first["stage"], first["done"]) == ("2026-09-17", "ep_1", "transcribe", 1)
    assert "ZeroDivisionError" in second["exception"]
    assert "episode_id" not in second
    assert second["level"] == "error"
