"""The page on which readers change what they get: from the mail's link to the next mail, and whose link it is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.web.service import WebService
from digest_pipeline.delivery.web.wish_form import MOST_SHOWN, MOST_SUBJECTS, Subject, subjects_of, with_wishes
from digest_pipeline.errors import SubscriberError
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.browser import chromium, find_chromium
from tests.mail_server import Inbox
from tests.readers import NOW, parts, subscribe
from tests.service import book_of, check, phones, running, text_of

ANN = Subscriber("su_1", "mail", "ann@example.org", is_active=True)


@pytest.fixture
def client(mailed: Settings) -> Iterator[httpx.Client]:
    with running(WebService(mailed, None)) as client:
        yield client


def link_of(settings: Settings, subscriber_id: str = "su_1") -> str:
    """The address of the page of somebody's wishes, on the service."""
    with open_delivery(settings.subscribers) as con:
        url = SignedLinks(secret_of(con, "links"), settings.site_url).wishes_url(subscriber_id)
    return str(url).removeprefix("https://digest.example")


def save(settings: Settings, one: Subscriber = ANN) -> None:
    with open_delivery(settings.subscribers) as con:
        SubscriberBook(con).save(one)


def fields_of(page: str) -> dict[str, str]:
    """What a browser would post of the form as it stands."""
    form = BeautifulSoup(page, "html.parser").find("form")
    assert isinstance(form, Tag)
    posted = {str(area["name"]): area.get_text() for area in form.find_all("textarea")}
    for select in form.find_all("select"):
        chosen = select.find("option", selected=True) or select.find("option")
        assert isinstance(chosen, Tag)
        posted[str(select["name"])] = str(chosen.get("value", chosen.get_text()))
    return posted


def test_a_click_in_the_mail_mutes_a_show_for_the_next_one(
    mailed: Settings, client: httpx.Client, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann", hour=6)
    deliver(mailed, NOW)
    _, html = parts(box.messages[0])
    page = BeautifulSoup(html, "html.parser")
    first = three_days[0].items[0]
    link = str(page.find_all("a", string="More or less like this")[0]["href"])
    asked = client.get(link.removeprefix("https://digest.example"))
    posted = fields_of(asked.text)
    assert posted[f"show:{first.show}"] == posted[f"theme:{first.theme_id}"] == ""
    saved = client.post(str(asked.request.url), data={**posted, f"show:{first.show}": "mute"})
    assert "Saved" in text_of(saved)
    assert fields_of(saved.text)[f"show:{first.show}"] == "mute"
    assert book_of(mailed)[0].muted_shows == {first.show}
    deliver(mailed, NOW + timedelta(days=1))
    text, _ = parts(box.messages[1])
    others = {item.show for item in three_days[1].items} - {first.show}
    assert first.show not in text
    assert all(show in text for show in others)


def test_the_form_as_it_stands_changes_nothing(mailed: Settings, client: httpx.Client) -> None:
    ann = replace(
        ANN, timezone="America/Argentina/Ushuaia", hour=0, weekday=6, interests="grid storage\nsleep <b>",
        followed_shows=frozenset({'A "quoted" & <b>show</b>', "Ça va?"}), muted_shows=frozenset({"Lenny's"}),
        followed_themes=frozenset({"agents"}), muted_themes=frozenset({"th_1c0ffee", "a:b=c&d"}),
    )  # fmt: skip
    save(mailed, ann)
    page = client.get(link_of(mailed))
    assert page.status_code == 200
    assert book_of(mailed) == [ann]
    client.post(link_of(mailed), data=fields_of(page.text))
    assert book_of(mailed) == [ann]


def test_everything_can_be_changed(mailed: Settings, client: httpx.Client) -> None:
    save(mailed, replace(ANN, interests="tea", muted_shows=frozenset({"A"}), followed_themes=frozenset({"t"})))
    posted = {
        "weekday": "friday", "hour": "7", "timezone": "Asia/Tokyo", "interests": " sleep ",
        "show:A": "follow", "show:B": "mute", "show:C": "", "theme:t": "", "theme:u": "nonsense",
    }  # fmt: skip
    assert client.post(link_of(mailed), data=posted).status_code == 200
    assert book_of(mailed) == [
        replace(ANN, weekday=4, hour=7, timezone="Asia/Tokyo", interests="sleep", followed_shows=frozenset({"A"}),
                muted_shows=frozenset({"B"}))
    ]  # fmt: skip
    kept = book_of(mailed)
    assert client.post(link_of(mailed), data={"what": "ever"}).status_code == 200
    assert book_of(mailed) == kept
    client.post(
        link_of(mailed), data=dict.fromkeys(["show:A", "show:B", "weekday", "hour", "timezone", "interests"], "")
    )
    assert book_of(mailed) == [ANN]


@pytest.mark.parametrize(
    ("field", "value"),
    [("hour", "24"), ("hour", "soon"), ("timezone", "Mars/Olympus"), ("weekday", "payday"), ("interests", "x" * 1001)],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    mailed: Settings, client: httpx.Client, field: str, value: str
) -> None:
    save(mailed, replace(ANN, hour=5))
    answer = client.post(link_of(mailed), data={"hour": "6", field: value})
    assert answer.status_code == 422
    assert BeautifulSoup(answer.text, "html.parser").find(role="alert") is not None
    assert "Saved" not in answer.text
    assert book_of(mailed) == [replace(ANN, hour=5)]


def test_only_its_own_link_opens_a_page_and_nobody_elses_wishes(mailed: Settings, client: httpx.Client) -> None:
    save(mailed, replace(ANN, interests="a secret"))
    save(mailed, Subscriber("su_2", "mail", "bob@example.org", is_active=True, interests="tea"))
    link = link_of(mailed)
    with open_delivery(mailed.subscribers) as con:
        way_out = str(SignedLinks(secret_of(con, "links"), mailed.site_url).unsubscribe_url("su_1")).partition("=")[2]
    token = link.partition("=")[2]
    others = (f"/wishes?token={way_out}", f"/unsubscribe?token={token}", f"/confirm?token={token}")
    for wrong in ("/wishes", "/wishes?token=", link[:-2], f"{link}x", *others):
        assert client.post(wrong, data={"interests": "forged"}).status_code == 400, wrong
        assert "a secret" not in client.get(wrong).text
    assert [one.interests for one in book_of(mailed)] == ["a secret", "tea"]
    answer = client.get(link)
    assert "a secret" in answer.text
    assert "tea" not in fields_of(answer.text).values()
    assert "example.org" not in answer.text  # who has the link does not learn the address
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


def test_who_left_is_told_so_and_does_not_come_back(mailed: Settings, client: httpx.Client) -> None:
    save(mailed)
    link = link_of(mailed)
    with open_delivery(mailed.subscribers) as con:
        book = SubscriberBook(con)
        book.erase("su_1", suppress=False)
        with pytest.raises(SubscriberError, match="no subscriber"):
            book.change("su_1", lambda one: one)
    for answer in (client.get(link), client.post(link, data={"interests": "tea"})):
        assert answer.status_code == 400
        assert "not subscribed any more" in text_of(answer)
    assert book_of(mailed) == []


def test_a_theme_is_called_by_the_name_on_its_page(
    mailed: Settings, client: httpx.Client, warehouse: Warehouse, published: Digest
) -> None:
    build_again(warehouse, mailed)
    item = next(item for item in published.items if item.theme_id)
    page = mailed.site / "themes" / f"{item.theme_id}.html"
    page.write_text(page.read_text().replace(f">{item.theme}<", ">R&amp;D &lt;of&gt; storage<"))
    save(mailed, replace(ANN, muted_themes=frozenset({str(item.theme_id), "th_0", "../../digest", "th_1/../x"})))
    (mailed.home / "digest.html").write_text('<h1 dir="auto">not for readers</h1>')
    said = text_of(client.get(link_of(mailed)))
    assert "The theme “ R&D <of> storage ”" in said
    assert "th_0" in said
    assert "not for readers" not in said


def test_a_form_is_no_list_of_hundreds_and_loses_none_of_them(mailed: Settings, client: httpx.Client) -> None:
    shows = frozenset(f"Передача {n:03d} о хранении энергии, сне и обо всём остальном" for n in range(MOST_SUBJECTS))
    save(mailed, replace(ANN, followed_shows=shows))
    posted = fields_of(client.get(f"{link_of(mailed)}&show=Another").text)
    assert sum(name.startswith("show:") for name in posted) == MOST_SHOWN
    assert client.post(link_of(mailed), data=posted).status_code == 200
    assert book_of(mailed)[0].followed_shows == shows
    answer = client.post(link_of(mailed), data={**posted, "show:Another": "mute"})
    assert (answer.status_code, book_of(mailed)[0].muted_shows) == (422, frozenset())
    (first, *_) = sorted(shows)
    assert client.post(link_of(mailed), data={**posted, "show:Another": "mute", f"show:{first}": ""}).status_code == 200
    many = frozenset(f"Show {n}" for n in range(MOST_SUBJECTS + 100))
    save(mailed, replace(ANN, followed_shows=many))  # by an import
    assert client.post(link_of(mailed), data={"hour": "7", "show:Show 0": ""}).status_code == 200
    assert (book_of(mailed)[0].hour, book_of(mailed)[0].followed_shows) == (7, many - {"Show 0"})


def test_a_show_that_is_asked_about_stands_first_under_the_name_that_it_has_a_wish_by() -> None:
    ann = replace(ANN, followed_shows=frozenset({"Lenny's"}), muted_shows=frozenset({"A"}))
    found = subjects_of(ann, [Subject("show", "LENNY’S"), Subject("theme", "th_1")])
    assert found == [Subject("show", "Lenny's", "follow"), Subject("theme", "th_1"), Subject("show", "A", "mute")]
    assert with_wishes(ann, {one.field: one.wish for one in found}) == ann


@pytest.mark.skipif(
    find_chromium() is None, reason="there is no Chromium: `python -m tests.browser` says how to get one"
)
def test_it_works_and_is_accessible_in_a_browser(mailed: Settings, client: httpx.Client, tmp_path: Path) -> None:
    save(mailed, replace(ANN, interests="tea", followed_shows=frozenset({"The Warm Cache"})))
    address = f"{str(client.base_url).rstrip('/')}{link_of(mailed)}&show=A+Show&theme=th_1"
    complaints: list[str] = []
    with chromium() as browser:
        for page in phones(browser):
            page.goto(address)
            check(page)
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(address)
        page.get_by_label("The show “A Show”").select_option("Mute")
        page.get_by_label("How often").select_option("Sundays, the five of the week")
        page.get_by_label("Your time zone").select_option("Pacific/Auckland")
        page.get_by_role("button", name="Save").click()
        assert page.get_by_role("status").is_visible()
        assert page.get_by_label("The show “A Show”").input_value() == "mute"
        assert page.context.cookies() == []
    assert complaints == []
    wanted = replace(ANN, interests="tea", weekday=6, timezone="Pacific/Auckland")
    wanted = replace(wanted, followed_shows=frozenset({"The Warm Cache"}), muted_shows=frozenset({"A Show"}))
    assert book_of(mailed) == [wanted]
