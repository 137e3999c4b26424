"""Readers' votes: from the link in a mail to the next ranking, whose they are, and how they weigh beside analysts'."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.votes import cast_vote, count_votes, vote_of
from digest_pipeline.delivery.web.service import WebService
from digest_pipeline.errors import SubscribersDamaged
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.scoring.verdict_store import keep_votes, reader_votes, votes_on
from digest_pipeline.scoring.verdicts import Judged, Kind, ReaderVotes, Verdict
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.restore import _carry_over
from digest_pipeline.warehouse import Warehouse
from tests.browser import chromium, find_chromium
from tests.mail_server import Inbox
from tests.readers import NOW, parts, subscribe
from tests.service import check, phones, running, text_of
from tests.test_verdicts import insight, judged, opinion

ANN = Subscriber("su_1", "mail", "ann@example.org", is_active=True)


@pytest.fixture
def client(mailed: Settings) -> Iterator[httpx.Client]:
    with running(WebService(mailed, None)) as client:
        yield client


def save(settings: Settings, *readers: Subscriber) -> None:
    with open_delivery(settings.subscribers) as con:
        for one in readers:
            SubscriberBook(con).save(one)


def vote(settings: Settings, subscriber_id: str, claim_id: str, *, is_worth: bool) -> None:
    with open_delivery(settings.subscribers) as con:
        cast_vote(con, subscriber_id, claim_id, is_worth=is_worth, now=NOW)


def votes_in(settings: Settings) -> list[ReaderVotes]:
    counted = count_votes(settings.subscribers)
    assert counted is not None
    return counted[1]


def link_of(settings: Settings, subscriber_id: str, claim_id: str) -> str:
    with open_delivery(settings.subscribers) as con:
        url = SignedLinks(secret_of(con, "links"), settings.site_url).vote_url(subscriber_id, claim_id)
    return str(url).removeprefix("https://digest.example")


def readers_of(worth: int, not_worth: int, claim_id: str = "old0") -> Judged:
    """Readers' votes on a claim that lies at the first axis."""
    said = judged(Kind.GOOD)
    return replace(said, judgements=[ReaderVotes(claim_id, worth, not_worth)])


def test_a_click_in_the_mail_is_counted_and_may_be_changed(
    mailed: Settings, client: httpx.Client, box: Inbox, warehouse: Warehouse, published: Digest
) -> None:
    build_again(warehouse, mailed)
    subscribe(mailed, "ann")
    deliver(mailed, NOW)
    _, html = parts(box.messages[0])
    links = BeautifulSoup(html, "html.parser").find_all("a", string="Worth it?")
    assert len(links) == len(published.items)
    first, link = published.items[0], str(links[0]["href"]).removeprefix("https://digest.example")
    asked = client.get(link)
    assert first.headline in text_of(asked)
    assert votes_in(mailed) == []  # opening it changes nothing: mail scanners open links
    assert "Thank you: worth it." in text_of(client.post(link, data={"vote": "worth"}))
    assert "You said: worth it." in text_of(client.get(link))
    assert votes_in(mailed) == [ReaderVotes(first.claim_id, 1, 0)]
    client.post(link, data={"vote": "not worth"})
    assert votes_in(mailed) == [ReaderVotes(first.claim_id, 0, 1)]
    wishes = BeautifulSoup(asked.text, "html.parser").find("a", string="what you get")
    assert wishes is not None
    assert client.get(str(wishes["href"]).removeprefix("https://digest.example")).status_code == 200


def test_no_other_link_and_no_other_word_votes(mailed: Settings, client: httpx.Client) -> None:
    save(mailed, ANN)
    link = link_of(mailed, "su_1", "cl_1")
    with open_delivery(mailed.subscribers) as con:
        links = SignedLinks(secret_of(con, "links"), "https://digest.example")
        others = [str(links.wishes_url("su_1")), str(links.unsubscribe_url("su_1")), str(links.confirm_url("su_1"))]
    wrong = [f"/vote?token={url.partition('=')[2]}" for url in others]
    for address in ("/vote", "/vote?token=", link[:-2], f"{link}x", *wrong):
        assert client.post(address, data={"vote": "worth"}).status_code == 400, address
    for data in ({"vote": ""}, {"vote": "yes"}, {"other": "worth"}):
        assert client.post(link, data=data).status_code == 400, data
    assert client.get(f"/wishes?token={link.partition('=')[2]}").status_code == 400  # a vote opens no wishes
    assert votes_in(mailed) == []
    assert client.get(link_of(mailed, "su_1", "../../subscribers")).status_code == 200  # signed by us all the same
    with open_delivery(mailed.subscribers) as con:
        SubscriberBook(con).erase("su_1", suppress=False)
    for answer in (client.get(link), client.post(link, data={"vote": "worth"})):
        assert answer.status_code == 400
        assert "not subscribed any more" in text_of(answer)


def test_votes_go_with_their_reader_and_of_who_has_not_confirmed_none_counts(mailed: Settings) -> None:
    save(mailed, ANN, Subscriber("su_2", "mail", "bob@example.org", is_active=False))
    for reader in ("su_1", "su_2"):
        vote(mailed, reader, "cl_1", is_worth=True)
    assert votes_in(mailed) == [ReaderVotes("cl_1", 1, 0)]
    with open_delivery(mailed.subscribers) as con:
        SubscriberBook(con).erase("su_1", suppress=True)
        assert vote_of(con, "su_1", "cl_1") is None
        assert con.execute("select count(*) from votes").fetchone()[0] == 1
    assert votes_in(mailed) == []


def test_without_a_file_of_subscribers_none_is_made_and_a_damaged_one_is_named(mailed: Settings) -> None:
    mailed.subscribers.unlink(missing_ok=True)
    assert count_votes(mailed.subscribers) is None
    assert not mailed.subscribers.exists()
    mailed.home.mkdir(exist_ok=True)
    mailed.subscribers.write_bytes(b"no database " * 1000)
    with pytest.raises(SubscribersDamaged):
        count_votes(mailed.subscribers)


def test_a_restored_file_keeps_the_votes_of_who_is_still_there(mailed: Settings, tmp_path: Path) -> None:
    save(mailed, ANN)
    restored = tmp_path / "restored.sqlite"
    with open_delivery(restored) as con:
        SubscriberBook(con).save(ANN)
        cast_vote(con, "su_1", "cl_1", is_worth=False, now=NOW)
        cast_vote(con, "su_1", "cl_2", is_worth=False, now=NOW)
    save(mailed, Subscriber("su_9", "mail", "new@example.org", is_active=True))
    for reader, claim_id in (("su_1", "cl_1"), ("su_9", "cl_1")):
        vote(mailed, reader, claim_id, is_worth=True)
    (home, _) = count_votes(mailed.subscribers) or ("", [])
    with open_delivery(restored) as con:
        _carry_over(con, mailed.subscribers)
        assert [vote_of(con, "su_1", claim_id) for claim_id in ("cl_1", "cl_2")] == [True, False]
        assert vote_of(con, "su_9", "cl_1") is None
    assert count_votes(restored) == (home, [ReaderVotes("cl_1", 1, 0), ReaderVotes("cl_2", 0, 1)])


def test_each_home_counts_its_own_readers(warehouse: Warehouse) -> None:
    with warehouse.write() as con:
        keep_votes(con, "one", [ReaderVotes("cl_1", 3, 1), ReaderVotes("cl_2", 0, 1)])
        keep_votes(con, "two", [ReaderVotes("cl_1", 1, 0)])
        assert reader_votes(con) == [ReaderVotes("cl_1", 4, 1), ReaderVotes("cl_2", 0, 1)]
        keep_votes(con, "one", [ReaderVotes("cl_1", 2, 1)])
        assert reader_votes(con) == [ReaderVotes("cl_1", 3, 1)]
        keep_votes(con, "one", [])
        keep_votes(con, "two", [])
        assert votes_on(con, "cl_1") is None


def test_what_did_not_change_is_not_written_again(warehouse: Warehouse) -> None:
    said = [ReaderVotes("cl_2", 0, 1), ReaderVotes("cl_1", 3, 1)]
    rowids = "select claim_id, rowid from raw.reader_votes order by all"
    with warehouse.write() as con:
        keep_votes(con, "one", said)
        before = con.execute(rowids).fetchall()
        keep_votes(con, "one", said[::-1])
        assert con.execute(rowids).fetchall() == before


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_readers_weigh_less_than_an_analyst_and_the_more_they_are_the_more(worth: int, not_worth: int) -> None:
    one = ReaderVotes("cl_1", worth, not_worth)
    assert -1 < one.leaning < 1
    assert (
        ReaderVotes("cl_1", worth + 1, not_worth).leaning
        > one.leaning
        > ReaderVotes("cl_1", worth, not_worth + 1).leaning
    )
    moved = opinion(1, readers_of(worth, not_worth)).value - 0.5
    assert np.sign(moved) == np.sign(worth - not_worth)
    assert abs(moved) < opinion(1, judged(Kind.GOOD)).value - 0.5


def test_readers_bar_nothing_and_an_analyst_outweighs_them(settings: Settings) -> None:
    lowered = insight(1, readers_of(0, 100, "new"), settings.model_copy(update={"min_score": 0.5}))
    assert lowered.rank == 1
    assert lowered.why.endswith("; 100 of 100 readers did not find it worth the time.")
    both = replace(judged(Kind.GOOD, Kind.GOOD, ids=["new", "new"]))
    both = replace(both, judgements=[both.judgements[0], ReaderVotes("new", 1, 9)])
    assert insight(1, both, settings).score > insight(0, both, settings).score
    barred = replace(both, judgements=[Verdict("new", Kind.WRONG, None, NOW), ReaderVotes("new", 9, 0)])
    assert insight(1, barred, settings).rank is None


@pytest.mark.parametrize(
    ("worth", "not_worth", "said"),
    [
        (1, 0, "a reader found a claim like it worth the time"),
        (0, 1, "a reader did not find a claim like it worth the time"),
        (3, 1, "3 of 4 readers found a claim like it worth the time"),
        (1, 3, "3 of 4 readers did not find a claim like it worth the time"),
    ],
)
def test_the_reason_says_how_many_readers(settings: Settings, worth: int, not_worth: int, said: str) -> None:
    votes = readers_of(worth, not_worth)
    assert insight(0.69, votes, settings).why.endswith(f"; {said}.")
    quotable = replace(votes, quotable=frozenset({"old0"}))
    is_quoted = insight(0.69, quotable, settings).why.endswith(f"; {said}: “Old words”.")
    assert is_quoted is (worth > not_worth)
    assert opinion(0.69, readers_of(2, 2)).reason == ""


@pytest.mark.skipif(
    find_chromium() is None, reason="there is no Chromium: `python -m tests.browser` says how to get one"
)
def test_it_works_and_is_accessible_in_a_browser(
    mailed: Settings, client: httpx.Client, warehouse: Warehouse, published: Digest
) -> None:
    build_again(warehouse, mailed)
    save(mailed, ANN)
    claim_id = published.items[0].claim_id
    address = f"{str(client.base_url).rstrip('/')}{link_of(mailed, 'su_1', claim_id)}"
    complaints: list[str] = []
    with chromium() as browser:
        for page in phones(browser):
            page.goto(address)
            check(page)
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(address)
        page.get_by_role("button", name="Not worth it").click()
        assert page.get_by_role("status").inner_text().startswith("Thank you: not worth it.")
        assert page.context.cookies() == []
    assert complaints == []
    assert votes_in(mailed) == [ReaderVotes(claim_id, 0, 1)]
