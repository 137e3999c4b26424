"""What may be sent to somebody beside the published insights, and what may not."""

from datetime import UTC, datetime

import pytest

from digest_pipeline.delivery.personal import digest_for, week_for
from digest_pipeline.delivery.pool import load_pool
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds, remove_feed
from digest_pipeline.publishing.retract import retract
from digest_pipeline.publishing.store import published_digests
from digest_pipeline.scoring.verdict_store import give_verdict
from digest_pipeline.scoring.verdicts import Kind
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.test_house_rules import BEFORE, DAY, chosen, publish_day  # noqa: F401 - a fixture
from tests.test_personal import ids, who

NOW = datetime(2026, 9, 16, 12, tzinfo=UTC)
FAN = who(followed_shows=["Show"])


@pytest.fixture
def days(chosen: Warehouse, settings: Settings) -> Warehouse:  # noqa: F811
    """Two published days, of each of which one insight was not published."""
    with chosen.write() as con:
        con.execute("create table marts.fct_insights as from marts.daily_top_insights")
        con.execute("delete from marts.daily_top_insights where claim_id in ('cl_1', 'cl_3')")
    for day in (BEFORE, DAY):
        publish_day(chosen, day, settings)
    return chosen


def pooled(warehouse: Warehouse, settings: Settings) -> list[str]:
    """Ids of what may be sent of both days."""
    with warehouse.read() as con:
        commons = list(published_digests(con, [BEFORE, DAY]).values())
        return sorted(item.claim_id for item in load_pool(con, commons, settings).items)


def test_what_was_published_was_good_enough_whatever_the_bar_is_now(days: Warehouse, settings: Settings) -> None:
    assert pooled(days, settings) == ["cl_0", "cl_1", "cl_2", "cl_3"]
    raised = settings.model_copy(update={"min_score": 0.75})
    with days.read() as con:
        commons = list(published_digests(con, [BEFORE, DAY]).values())
        week, day = load_pool(con, commons, raised), load_pool(con, commons[1:], raised)
    for reader in (who(), FAN):
        got = week_for(reader, commons, week, frozenset())
        assert [ids(digest) for digest in got] == [["cl_0"], ["cl_2"]]
        assert ids(digest_for(reader, commons[1], day, frozenset())) == ["cl_2"]


def test_what_an_analyst_judged_since_its_day_was_scored_is_sent_to_nobody(days: Warehouse, settings: Settings) -> None:
    with days.write() as con:
        give_verdict(con, "cl_1", Kind.WRONG, None, NOW)
        give_verdict(con, "cl_3", Kind.GOOD, None, NOW)
    assert pooled(days, settings) == ["cl_0", "cl_2", "cl_3"]


ONE_EPISODE = """
update raw.transcript_segments set position = 2 where episode_id = 'ep_1' and position = 0;
update raw.transcript_segments set episode_id = 'ep_0' where episode_id = 'ep_1' and position = 2;
update raw.claim_candidates set episode_id = 'ep_0', first_position = 2, last_position = 2 where claim_id = 'cl_1'
"""
SAME_WORDS = "update raw.claim_embeddings set embedding = [1, 0, 0, 0, 0, 0, 0, 0] where claim_id = 'cl_1'"


@pytest.mark.parametrize("likeness", [ONE_EPISODE, SAME_WORDS], ids=["of one episode", "in much the same words"])
def test_what_was_taken_back_goes_to_nobody_by_another_claim(
    days: Warehouse, settings: Settings, likeness: str
) -> None:
    with days.write() as con:
        con.execute(likeness)
    assert pooled(days, settings) == ["cl_0", "cl_1", "cl_2", "cl_3"]
    with days.write() as con:
        retract(con, "cl_0", "Wrong.", NOW)
    assert pooled(days, settings) == ["cl_2", "cl_3"]


def test_of_a_feed_that_was_removed_only_what_was_published_is_sent(days: Warehouse, settings: Settings) -> None:
    with days.write() as con:
        add_feeds(con, [Subscription("https://shows.example/feed", "Show")], NOW.replace(tzinfo=None))
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
            " select episode_id, 'https://shows.example/feed', '', now(), '[]', '', 'transcribed' from raw.claim_candidates"
        )
    assert pooled(days, settings) == ["cl_0", "cl_1", "cl_2", "cl_3"]
    with days.write() as con:
        remove_feed(con, "https://shows.example/feed")
    assert pooled(days, settings) == ["cl_0", "cl_2"]


def test_days_of_another_encoder_are_sent_though_it_embedded_those_before(days: Warehouse, settings: Settings) -> None:
    with days.write() as con:
        con.execute("update raw.claim_embeddings set model = 'other' where claim_id in ('cl_2', 'cl_3')")
    with days.read() as con:
        common = published_digests(con, [DAY])[DAY]
        pool = load_pool(con, [common], settings)
    assert ids(digest_for(FAN, common, pool, frozenset({"cl_0"}))) == ["cl_2", "cl_3"]
