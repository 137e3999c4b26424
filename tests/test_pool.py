"""What may be sent to somebody beside the published insights, and what may not."""

import pytest

from digest_pipeline.delivery.personal import digest_for, week_for
from digest_pipeline.delivery.pool import load_pool
from digest_pipeline.publishing.store import published_digests
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.test_house_rules import BEFORE, DAY, chosen, publish_day  # noqa: F401 - a fixture
from tests.test_personal import ids, who

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
