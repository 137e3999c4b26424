"""Who got what was taken back is told once, with what they get next; nobody gets it any more."""

from datetime import UTC, datetime, timedelta

import numpy as np

from bench.published import made_up_archive, publish
from digest_pipeline.delivery.channels.notify import NotifySender
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery, Outcome, Retriable, reopen
from digest_pipeline.models import Digest, Retraction, Subscriber
from digest_pipeline.publishing.retract import retract
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.mail_server import Inbox
from tests.readers import DAY, NOW, parts, subscribe

TOMORROW = NOW + timedelta(days=1)
AT = datetime(2026, 9, 15, 20, tzinfo=UTC)
TOLD = "Number 2 of Monday, 14 September 2026"


def take_back(warehouse: Warehouse, digest: Digest) -> str:
    with warehouse.write() as con:
        return retract(con, digest.items[1].claim_id, "The speaker corrected the figure.", AT).claim_id


def publish_next(warehouse: Warehouse, day: int = 2) -> None:
    with warehouse.write() as con:
        publish(con, made_up_archive(DAY, day)[-1], np.random.default_rng(1))


def test_who_got_it_is_told_once_and_who_did_not_is_not(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}
    take_back(warehouse, published)
    subscribe(mailed, "bob")
    assert deliver(mailed, NOW) == {"sent": 1, "done": 1}, "a retraction alone sends nothing to ann"
    text, _ = parts(box.messages[-1])
    item = published.items[1]
    assert item.quote not in text
    assert "Number 2" not in text
    assert [line[:2] for line in text.splitlines() if line[1:3] == ". "] == ["1.", "2.", "3.", "4."]
    publish_next(warehouse)
    assert deliver(mailed, TOMORROW) == {"sent": 2}
    told = {message["To"]: parts(message) for message in box.messages[-2:]}
    for part in told["ann@example.org"]:
        assert TOLD in part
        assert "The speaker corrected the figure." in part
        assert item.headline not in part
    assert not any("retracted" in part for part in told["bob@example.org"])
    publish_next(warehouse, 3)
    assert deliver(mailed, TOMORROW + timedelta(days=1)) == {"sent": 2}
    assert not any("retracted" in part for message in box.messages[-2:] for part in parts(message))


def test_a_mail_that_was_refused_has_told_nobody(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}
    take_back(warehouse, published)
    publish_next(warehouse)
    box.refuses = True
    assert deliver(mailed, TOMORROW) == {"refused": 1}
    box.refuses = False
    with open_delivery(mailed.subscribers) as con:
        assert reopen(con, DAY + timedelta(days=1), Retriable.REFUSED)
    assert deliver(mailed, TOMORROW) == {"sent": 1}
    assert TOLD in parts(box.messages[-1])[0]


def test_a_feed_that_was_taken_back_is_told_in_several_mails_that_keep_their_length(
    mailed: Settings, box: Inbox, published: Digest, warehouse: Warehouse
) -> None:
    subscribe(mailed, "ann")
    digests = made_up_archive(DAY - timedelta(days=30), 6)
    with open_delivery(mailed.subscribers) as con, warehouse.write() as tables:
        (one,) = con.execute("select subscriber_id from subscribers").fetchone()
        for digest in digests:
            publish(tables, digest, np.random.default_rng(1))
            for item in digest.items:
                retract(tables, item.claim_id, "At the publisher's wish. " * 20, AT)
                con.execute(
                    "insert into delivered_items values (?, ?, ?)", [one, item.claim_id, digest.digest_date.isoformat()]
                )
    told = []
    for day in range(3):
        if day:
            publish_next(warehouse, day + 1)
        assert deliver(mailed, NOW + timedelta(days=day)) == {"sent": 1}
        told.append(parts(box.messages[-1])[0].count("was retracted"))
        assert len(box.messages[-1].as_bytes()) < 100_000
        assert published.items[0].quote in parts(box.messages[0])[0], "nothing is cut for them"
    assert told == [20, 10, 0]


def test_another_channel_tells_it_too_and_calls_nobody(settings: Settings, web: Web, published: Digest) -> None:
    got = web.collect("/hook")
    one = Subscriber("su_1", "notify", f"{web.url.replace('http', 'json')}/hook", is_active=True)
    was = Retraction("cl_1", DAY - timedelta(days=1), 4, "@everyone", "An Episode", AT, AT.date(), "It was wrong.")
    assert NotifySender(settings).send(Delivery(one, (published,), (was,)), lambda: True) == Outcome("sent")
    assert "Number 4 of Sunday, 13 September 2026 (@\u200beveryone, “An Episode”) was retracted" in got[0]["message"]
