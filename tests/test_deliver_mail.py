"""The mail of a digest: small, whole in every script, with the headers of a list; hostile text stays text."""

from dataclasses import replace

import pytest

from bench.published import made_up_archive
from digest_pipeline.delivery.channels.message import digest_message
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.pages import Site, day_page
from digest_pipeline.settings import Settings
from tests.hostile_text import hostile_digest
from tests.readers import DAY, parts


def test_a_mail_stays_small_and_has_the_headers_of_a_list(settings: Settings) -> None:
    long = replace(
        made_up_archive(DAY, 1)[0].items[0],
        explanation="😀 word " * 3000, quote="ф" * 30_000, audio_url="https://a.example/" + "x" * 5000,
    )  # fmt: skip
    digests = tuple(
        Digest(day.digest_date, tuple(replace(long, rank=n + 1) for n in range(20)))
        for day in reversed(made_up_archive(DAY, 3))
    )
    sender = settings.model_copy(
        update={
            "mail_from": "Five <digest@digest.example>", "mail_reply_to": "editor@digest.example",
            "mail_postal_address": "1 Feed Street", "site_url": "https://digest.example/",
        }
    )  # fmt: skip
    delivery = Delivery(Subscriber("su_1", "mail", "ann@xn--bcher-kva.example"), digests)
    links = SignedLinks(b"s", sender.site_url)
    message, again = (digest_message(sender, delivery, links) for _ in range(2))
    assert len(message.as_bytes()) < 100_000
    assert message["To"] == "ann@xn--bcher-kva.example"
    assert message["Message-ID"] == again["Message-ID"]
    assert message["Reply-To"] == "editor@digest.example"
    assert message["List-Id"] == "<five.digest.example>"
    assert message["List-Unsubscribe"] == f"<{links.unsubscribe_url('su_1')}>"
    assert message["Date"]
    for body in parts(message):
        assert "1 Feed Street" in body
        assert str(links.wishes_url("su_1")) in body
        assert "42 more insights of these days are " in body


@pytest.mark.parametrize("word", ["口", "word ", "word, "])
def test_a_long_headline_makes_a_whole_subject_in_every_script(
    settings: Settings, published: Digest, word: str
) -> None:
    (first, *_) = published.items
    digest = replace(published, items=(replace(first, headline=word * 122),))
    sender = settings.model_copy(update={"mail_from": "digest@example.org"})
    subject = digest_message(sender, Delivery(Subscriber("su_1", "mail", "a@example.org"), (digest,)), None)["Subject"]
    assert 90 <= len(subject) <= 100
    assert subject == f"{(word * 122)[: len(subject) - 1]}…"
    assert subject[-2].isalpha()


def test_hostile_text_stays_text(settings: Settings) -> None:
    hostile = hostile_digest(DAY)
    first = replace(hostile.items[0], headline="A line\r\nBcc: evil@example.org")
    digest = replace(hostile, items=(first, *hostile.items[1:]))
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    message = digest_message(sender, Delivery(Subscriber("su_1", "mail", "ann@example.org"), (digest,)), None)
    assert message["Bcc"] is None
    assert message["Subject"] == "A line Bcc: evil@example.org"
    _, html = parts(message)
    assert "<script" not in html
    assert len(message.as_bytes()) < 100_000


@pytest.mark.parametrize(
    ("wishes", "days", "text", "html"),
    [
        ("", 3, "are on the site: https://digest.example/archive.html\n", 'are <a href="https://digest.example/archive.html"'),
        ("", 1, "is on the site: https://digest.example/days/2026-09-14.html\n",
         'is <a href="https://digest.example/days/2026-09-14.html"'),
        ("grid storage", 3, "are left out here.\n", "are left out here.</p>"),  # not every personal pick has a page
    ],
)  # fmt: skip
def test_a_mail_leads_to_what_it_leaves_out_where_that_is_on_the_site(
    settings: Settings, wishes: str, days: int, text: str, html: str
) -> None:
    one = made_up_archive(DAY, 1)[0].items[0]
    items = tuple(replace(one, rank=n + 1) for n in range(20 if days > 1 else 21))
    digests = tuple(Digest(day.digest_date, items) for day in reversed(made_up_archive(DAY, days)))
    reader = Subscriber("su_1", "mail", "ann@example.org", interests=wishes)
    public = settings.model_copy(
        update={"mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/"}
    )
    bodies = parts(digest_message(public, Delivery(reader, digests), None))
    assert (text in bodies[0], html in bodies[1]) == (True, True), bodies
    nowhere = parts(digest_message(public.model_copy(update={"site_url": ""}), Delivery(reader, digests), None))
    assert all("left out here." in body for body in nowhere)


def test_links_of_a_mail_are_addresses(settings: Settings) -> None:
    odd = replace(made_up_archive(DAY, 1)[0].items[0], link="https://shows.example/my show/ep 1 <b>.html")
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    reader = Subscriber("su_1", "mail", "ann@example.org")
    text, html = parts(digest_message(sender, Delivery(reader, (Digest(DAY, (odd,)),)), None))
    assert "\nhttps://shows.example/my%20show/ep%201%20%3Cb%3E.html\n" in text
    assert 'href="https://shows.example/my%20show/ep%201%20%3Cb%3E.html"' in html


@pytest.mark.parametrize(
    ("episodes", "said"),
    [
        (0, "No new episodes today."),
        (1, "1 new episode, and nothing in it that deserves your time."),
        (3, "3 new episodes, and nothing in them that deserves your time."),
    ],
)
def test_a_mail_of_an_empty_day_says_what_the_page_says(settings: Settings, episodes: int, said: str) -> None:
    empty = Digest(DAY, (), episodes=episodes)
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    message = digest_message(sender, Delivery(Subscriber("su_1", "mail", "ann@example.org"), (empty,)), None)
    page = day_page(Site("Five"), empty, older=None, newer=None)
    for body in (*parts(message), page):
        assert said in body
    assert f"{said}\n" in parts(message)[0]
