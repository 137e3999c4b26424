"""Words in another language than the pages' say so (WCAG 2.2, 3.1.2), and no digest becomes another one by it."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from bs4 import BeautifulSoup
from lxml import etree

from bench.published import made_up_archive, publish
from digest_pipeline.delivery.channels.message import digest_message
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing import store
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.render import content_hash, language_tag, other_language
from digest_pipeline.publishing.site import write_site
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse, schema
from tests.test_house_rules import DAY as CHOSEN_DAY
from tests.test_house_rules import chosen  # noqa: F401 - a fixture
from tests.test_publishing import DAY as OLD_DAY
from tests.test_publishing import digest, item

DAY = date(2026, 1, 1)
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Of what test_publishing calls digest(item()), by the release before insights had a language.
HASH_OF_BEFORE = "273048093bf36d10bfb9b46729bbac3a6975210bcc4609aea2b11ad30de11954"


def made_up() -> Digest:
    """A day whose first insight is German, the second British, the third of a language that no tag names."""
    whole = made_up_archive(DAY, 1)[0]
    languages = ("de", "en-GB", "not a language", None, None)
    items = (replace(one, language=language) for one, language in zip(whole.items, languages, strict=True))
    return replace(whole, items=tuple(items))


@pytest.fixture
def site(warehouse: Warehouse, tmp_path: Path) -> Path:
    with warehouse.write() as con:
        publish(con, made_up(), np.random.default_rng(7))
        later = replace(made_up_archive(DAY, 2)[1], items=())
        publish(con, later, np.random.default_rng(7))
        write_site(tmp_path / "site", con, [], Site("Five", "https://digest.example/"))
    return tmp_path / "site"


def marked(page: str) -> list[str]:
    """The texts that are marked as German."""
    tree = BeautifulSoup(page, "html.parser")
    assert {str(tag["lang"]) for tag in tree.find_all(lang=True)} <= {"en", "de"}
    return [" ".join(tag.get_text().split()) for tag in tree.find_all(lang="de")]


def test_every_page_says_which_words_are_in_another_language(site: Path) -> None:
    one = made_up().items[0]
    said = f"“{one.quote}”"
    day = f"days/{DAY}.html"
    around = " ".join(f"{one.said_before} {one.quote} {one.said_after}".split())
    for page, texts in {
        day: [one.headline, one.explanation, said],
        f"insights/{one.claim_id}.html": [one.headline, one.explanation, said, around],
        f"themes/{one.theme_id}.html": [one.headline],
        "archive.html": [one.headline],
        f"insights/{made_up().items[1].claim_id}.html": [],
    }.items():
        assert marked((site / page).read_text(encoding="utf-8")) == texts, page
    (row,) = [row for row in (site / "search" / "2026-01.js").read_text().splitlines() if one.claim_id in row]
    assert json.loads(row.rstrip(","))[8:] == [one.theme_id, "de"]
    linked: Any = BeautifulSoup((site / f"insights/{one.claim_id}.html").read_text(encoding="utf-8"), "html.parser")
    assert json.loads(linked.find("script", type="application/ld+json").get_text())["inLanguage"] == "de"


def test_feeds_and_mails_say_it_too(site: Path, settings: Settings) -> None:
    whole = made_up()
    feed = etree.fromstring((site / "feeds" / "insights.atom").read_bytes())
    assert feed.get(XML_LANG) == "en"
    entries = feed.findall("{*}entry")
    assert [entry.get(XML_LANG) for entry in entries] == ["de", None, None, None, None]
    items = json.loads((site / "feeds" / "insights.json").read_text(encoding="utf-8"))["items"]
    assert [one.get("language") for one in items] == ["de", None, None, None, None]
    for html in (entries[0].findtext("{*}content") or "", items[0]["content_html"]):
        assert f"“{whole.items[0].quote}”" in marked(html)
    rows = json.loads((site / "days" / f"{DAY}.json").read_text(encoding="utf-8"))["items"]
    assert [row["language"] for row in rows] == ["de", "en-GB", None, None, None]
    sender = settings.model_copy(update={"mail_from": "Five <digest@digest.example>"})
    mail = digest_message(sender, Delivery(Subscriber("su_1", "mail", "ann@example.org"), (whole,)), None)
    body = mail.get_body(("html",))
    assert body is not None
    assert marked(str(body.get_content())) == [f"1. {whole.items[0].headline}", f"“{whole.items[0].quote}”"]


@pytest.mark.parametrize(
    ("language", "tag", "other"),
    [
        ("de", "de", "de"), ("pt_BR", "pt-BR", "pt-BR"), ("EN-us", "EN-us", None), (" fr ", "fr", "fr"),
        ("und", None, None), ('de" onload="x', None, None), ("", None, None), (None, None, None), ("deutsch", None, None),
    ],
)  # fmt: skip
def test_only_what_is_a_tag_reaches_a_page(language: str | None, tag: str | None, other: str | None) -> None:
    assert (language_tag(language), other_language(language)) == (tag, other)


def test_a_digest_knows_the_language_of_its_transcripts(chosen: Warehouse) -> None:  # noqa: F811 - the fixture
    with chosen.write() as con:
        con.execute(
            "insert into raw.transcripts (episode_id, source, language, word_count, fingerprint)"
            " values ('ep_2', 'asr', 'de', 9, [])"
        )
        shown = store.record_digest(con, store.chosen_digest(con, CHOSEN_DAY))
        assert [one.language for one in shown.items] == ["de", None]
        assert store.published_digest(con, CHOSEN_DAY) == shown


def test_what_was_published_before_the_upgrade_gets_its_language_and_stays_the_same_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = schema.migrations()
    before, known = digest(item()), datetime(2026, 9, 15)
    assert content_hash(before) == HASH_OF_BEFORE
    with duckdb.connect() as con:
        with monkeypatch.context() as patch:
            patch.setattr(schema, "migrations", lambda: [step for step in steps if step[0] < 14])
            schema.migrate(con)
            con.execute("insert into raw.digests values (?, 1, 3, 2, 40, ?, ?)", [OLD_DAY, HASH_OF_BEFORE, known])
            con.execute(
                "insert into raw.digest_items (digest_date, rank, claim_id, headline, explanation, quote, speaker,"
                " show_title, episode_title, start_seconds, end_seconds, audio_url, link, theme, score, components, why)"
                " values (?, 1, 'cl_1', 'A deposit cleared 40 percent of the queue.', 'Nobody expected it.',"
                " 'the deposit cleared forty percent', 'Ann Lee', 'The Show', 'Queues', 3723.4, 3740.0,"
                " 'https://x.example/1.mp3?a=1&b=2', 'https://x.example/1', 'Queue, deposit', 0.71,"
                """ '{"worthiness": 0.8, "novelty": 1.0}', 'A strong claim.')""",
                [OLD_DAY],
            )
            con.execute(
                "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
                " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
                " values ('cl_1', ?, 'ep_1', '', '', '', 0, 1, 0, 0, 0.5, false, 'test')",
                [OLD_DAY],
            )
            con.execute(
                "insert into raw.transcripts (episode_id, source, language, word_count, fingerprint)"
                " values ('ep_1', 'asr', 'de', 9, [])"
            )
            con.execute(
                "insert into raw.deliveries (digest_date, channel, recipient, content_hash, status, attempts)"
                " values (?, 'site', 'folder', ?, 'done', 1)",
                [OLD_DAY, HASH_OF_BEFORE],
            )
        schema.migrate(con)
        after = store.published_digest(con, OLD_DAY)
        assert after is not None
        assert [one.language for one in after.items] == ["de"]
        assert content_hash(after) == HASH_OF_BEFORE
        assert store.digest_to_publish(con, before) == store.published_digest(con, OLD_DAY)
        assert not store.start_delivery(con, after, "site", "folder")
