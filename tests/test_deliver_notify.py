"""Other channels than mail get the headlines once, in as many messages as it takes."""

from dataclasses import replace

from digest_pipeline.delivery.channels.notify import NotifySender
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.settings import Settings
from tests.conftest import Web
from tests.readers import NOW, SINCE


def test_another_channel_gets_the_headlines_once(settings: Settings, web: Web, published: Digest) -> None:
    good, bad = web.collect("/good"), web.collect("/bad", status=500)
    with open_delivery(settings.subscribers) as con:
        for path in ("good", "bad"):
            address = f"{web.url.replace('http', 'json')}/{path}"
            SubscriberBook(con).save(Subscriber(new_id(), "notify", address, is_active=True))
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])
    assert deliver(settings, NOW) == {"sent": 1, "unknown": 1}
    assert deliver(settings, NOW) == {"done": 2}
    assert len(good) == len(bad) == 1
    assert good[0]["title"] == "Five from the feeds: Monday, 14 September 2026"
    assert all(item.headline in good[0]["message"] for item in published.items)


def test_what_is_too_long_for_a_channel_is_split(settings: Settings, web: Web, published: Digest) -> None:
    got = web.collect("/hook")
    long = replace(published, items=tuple(replace(item, headline="word " * 3000) for item in published.items))
    one = Subscriber("su_1", "notify", f"{web.url.replace('http', 'json')}/hook", is_active=True)
    assert NotifySender(settings).send(Delivery(one, (long,)), lambda: True) == Outcome("sent")
    assert len(got) > 1
    assert sum(post["message"].count("word") for post in got) == 3000 * len(published.items)


def test_what_a_feed_says_calls_nobody(settings: Settings, web: Web, published: Digest) -> None:
    got = web.collect("/hook")
    loud = replace(published.items[0], headline="Now <!channel> hears it.", speaker=None, show="@everyone")
    digest = replace(published, items=(loud,))
    public = settings.model_copy(update={"site_url": "https://digest.example/@five/"})
    one = Subscriber("su_1", "notify", f"{web.url.replace('http', 'json')}/hook", is_active=True)
    assert NotifySender(public).send(Delivery(one, (digest,)), lambda: True) == Outcome("sent")
    assert "1. Now <!\u200bchannel> hears it. (@\u200beveryone)" in got[0]["message"]
    assert "https://digest.example/@five/days/2026-09-14.html" in got[0]["message"]
