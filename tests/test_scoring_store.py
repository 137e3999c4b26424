"""What scoring reads of the warehouse, and what it keeps there."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from digest_pipeline.errors import DigestError
from digest_pipeline.scoring.store import claims_of_window, claims_sent_long_ago
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
EPISODE = """
insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, persons, transcript_urls, description,
    status) values ($1, 'feed', 'T', now(), $2, $3, '[]', '', 'transcribed')
"""
CLAIM = """
insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote, start_seconds,
    end_seconds, first_position, last_position, worthiness, is_ad, extractor)
    values ($1, $2, $3, 'H', '', 'Q', 0, 9, 0, 0, 0.9, false, 'test')
"""


def test_the_guests_and_the_date_of_an_episode_come_with_its_claims(warehouse: Warehouse) -> None:
    cast = [{"name": "Host One", "role": "host"}, {"name": "Ann Lee", "role": "guest"}]
    with warehouse.write() as con:
        for episode, persons in (("ep_a", json.dumps(cast)), ("ep_b", None)):
            con.execute(EPISODE, [episode, DAY, persons])
            con.execute(CLAIM, [f"of {episode}", DAY, episode])
            con.execute("insert into raw.claim_embeddings values (?, 'one', [1], 0.8)", [f"of {episode}"])
        con.execute("update raw.episodes set published_at = '2026-09-13 08:00' where episode_id = 'ep_a'")
        found = claims_of_window(con, DAY, 45, ZoneInfo("UTC"), "one")
        with pytest.raises(DigestError, match=r"2 claims of the window .* were not read by the encoder other"):
            claims_of_window(con, DAY, 45, ZoneInfo("UTC"), "other")
    assert [(c.claim_id, c.guests) for c in found] == [("of ep_a", ("Ann Lee",)), ("of ep_b", ())]
    assert [c.published_at for c in found] == [datetime(2026, 9, 13, 8), None]


def test_what_was_sent_before_the_window_is_known(warehouse: Warehouse) -> None:
    """Nothing is sent twice however long ago, so an update has to be known for as long."""
    sent_on = DAY - timedelta(days=60)
    with warehouse.write() as con:
        con.execute(EPISODE, ["ep_a", sent_on, None])
        for name in ("sent", "never sent"):
            con.execute(CLAIM, [name, sent_on, "ep_a"])
            con.execute("insert into raw.claim_embeddings values (?, 'one', [1], 0.8)", [name])
        con.execute(
            "insert into raw.digest_items (digest_date, rank, claim_id, headline, explanation, quote, show_title,"
            " episode_title, start_seconds, end_seconds, score, components, why)"
            " values (?, 1, 'sent', '', '', '', '', '', 0, 1, 1, '{}', '')",
            [sent_on],
        )
        known = claims_sent_long_ago(con, DAY, 45, ZoneInfo("UTC"), "one")
        assert claims_sent_long_ago(con, DAY, 61, ZoneInfo("UTC"), "one") == []
    assert [(c.claim_id, c.digest_date) for c in known] == [("sent", sent_on)]


@pytest.mark.parametrize(
    ("published_at", "day", "zone", "days_late"),
    [
        ("2026-09-14 00:00", DAY, "UTC", 0),
        ("2026-09-13 23:59", DAY, "UTC", 1),
        ("2026-09-14 18:00", DAY, "UTC", 0),
        ("2026-09-15 08:00", DAY, "UTC", 0),
        ("2026-10-24 22:30", date(2026, 10, 25), "Europe/Berlin", 0),  # a day of 25 hours
        ("2026-10-24 21:30", date(2026, 10, 25), "Europe/Berlin", 1),
        (None, DAY, "UTC", 0),
    ],
)
def test_an_episode_is_late_by_the_days_of_the_calendar(
    warehouse: Warehouse, published_at: str | None, day: date, zone: str, days_late: int
) -> None:
    with warehouse.write() as con:
        con.execute(EPISODE, ["ep_a", day, None])
        con.execute(CLAIM, ["a", day, "ep_a"])
        con.execute("insert into raw.claim_embeddings values ('a', 'one', [1], 0.8)")
        con.execute("update raw.episodes set published_at = ?", [published_at])
        (found,) = claims_of_window(con, day, 45, ZoneInfo(zone), "one")
    assert found.days_late == days_late
