"""Feed documents: what publishers write, and what collections of real and broken feeds hold."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.chapters import parse_chapters
from digest_pipeline.feeds.parsing.parse import parse_feed, plain_text
from digest_pipeline.feeds.parsing.podcast_elements import seconds_of
from digest_pipeline.models import Chapter, Person, Soundbite
from digest_pipeline.words import UNREADABLE, readable
from tests.conftest import SHARED
from tests.feed_items import URL

AUDIO = "https://x.example/1.mp3"

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
     xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:psc="http://podlove.org/simple-chapters"><channel>
<title>A &amp; B</title><link>https://show.example/</link><language>en-GB</language>
<podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid><podcast:locked>yes</podcast:locked>
<podcast:person>Ann Host</podcast:person><itunes:new-feed-url>https://new.example/feed</itunes:new-feed-url>
<podcast:value type="lightning" method="keysend"><podcast:valueRecipient name="x" split="1"/></podcast:value>
<item><title>One</title><guid>g1</guid><pubDate>Mon, 14 Sep 2026 05:00:00 +0200</pubDate>
 <enclosure url="/a/one.mp3" type="audio/mpeg" length="43400111"/><itunes:duration>1:02:03</itunes:duration>
 <description>&lt;p&gt;Notes &amp;amp; more&lt;/p&gt;</description>
 <itunes:season>2</itunes:season><podcast:episode display="7b">7.5</podcast:episode>
 <podcast:transcript url="one.vtt" type="text/vtt"/>
 <podcast:transcript url="https://t.example/one.json" type="application/json" language="en"/>
 <podcast:chapters url="one-chapters.json" type="application/json+chapters"/>
 <podcast:person role="Guest" href="https://x.example">Bo  Guest</podcast:person>
 <podcast:person group="writing" role="author">Cy Writer</podcast:person>
 <podcast:soundbite startTime="73.0" duration="60.5">The turn</podcast:soundbite>
 <podcast:soundbite startTime="nonsense" duration="1"/>
 <psc:chapters><psc:chapter start="00:00:00.000" title="Start"/><psc:chapter start="12:30" title="Turn" href="https://x.example"/></psc:chapters></item>
<item><title>No guid, no audio</title><pubDate>next Tuesday-ish</pubDate></item>
<item><title>Odd</title><guid>g3</guid><link>javascript:alert(1)</link><enclosure url="javascript:x" type="audio/mpeg"/></item>
<item><guid>g4</guid><enclosure url="https://x.example/The_Fourth.mp3"/><itunes:episodeType>trailer</itunes:episodeType></item>
<item><title><![CDATA[Ampers & <b>bold</b>]]></title><enclosure url="https://x.example/cover.jpg"/>
 <podcast:alternateEnclosure type="audio/opus" length="9000000"><podcast:source uri="https://x.example/5.opus"/></podcast:alternateEnclosure></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://atom.example/base/"><title>Atom</title>
<entry><title type="html">&lt;i&gt;First&lt;/i&gt;</title><id>tag:atom.example,2026:1</id><updated>2026-09-14T03:00:00.5Z</updated>
<link rel="alternate" href="first.html"/><link rel="enclosure" type="audio/ogg" href="first.ogg" length="123456"/>
<content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry></feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://rdf.example/"><title>RDF</title></channel>
<item rdf:about="https://rdf.example/1"><title>First</title><link>https://rdf.example/1</link>
<dc:date>2026-09-14T05:00:00+02:00</dc:date></item></rdf:RDF>"""


def test_a_feed_is_read_with_all_that_podcasting_adds() -> None:
    feed = parse_feed(FEED.encode(), url="https://show.example/rss/feed.xml")
    assert (feed.title, feed.link, feed.language, len(feed.items)) == ("A & B", "https://show.example/", "en", 5)
    assert (feed.podcast_guid, feed.moved_to) == ("917393e3-1b1e-5cef-ace4-edaa54e1f810", "https://new.example/feed")
    one = feed.items[0]
    assert (one.audio_url, one.audio_bytes) == ("https://show.example/a/one.mp3", 43_400_111)
    assert one.published_at == datetime(2026, 9, 14, 3)
    assert (one.duration_seconds, one.season, one.episode_number, one.episode_type) == (3723, 2, 7.5, "full")
    assert one.description == "Notes & more"
    assert [(t.url, t.type, t.language) for t in one.transcripts] == [
        ("https://show.example/rss/one.vtt", "text/vtt", None),
        ("https://t.example/one.json", "application/json", "en"),
    ]
    assert one.chapters_url == "https://show.example/rss/one-chapters.json"
    assert one.chapters == (Chapter(0.0, "Start"), Chapter(750.0, "Turn", "https://x.example"))
    assert one.persons == (Person("Bo Guest", "guest", "cast"), Person("Cy Writer", "author", "writing"))
    assert one.soundbites == (Soundbite(73.0, 60.5, "The turn"),)


def test_bad_items_are_read_as_far_as_they_go() -> None:
    _, bare, odd, untitled, alternate = parse_feed(FEED.encode(), url=URL).items
    assert (bare.guid, bare.audio_url, bare.published_at) == (None, None, None)
    assert bare.persons == (Person("Ann Host"),)  # the show's, where the item names nobody
    assert (odd.audio_url, odd.link) == (None, None)
    assert (untitled.title, untitled.audio_url, untitled.episode_type) == (
        "The Fourth",
        "https://x.example/The_Fourth.mp3",
        "trailer",
    )
    assert (alternate.title, alternate.audio_url, alternate.audio_bytes) == (
        "Ampers & bold",
        "https://x.example/5.opus",
        9_000_000,
    )


def test_atom_rdf_and_json_are_feeds_too() -> None:
    (atom,) = parse_feed(ATOM.encode(), url=URL).items
    assert (atom.title, atom.guid, atom.published_at) == ("First", "tag:atom.example,2026:1", datetime(2026, 9, 14, 3))
    assert atom.link == "https://atom.example/base/first.html"
    assert (atom.audio_url, atom.audio_bytes) == ("https://atom.example/base/first.ogg", 123_456)
    (rdf,) = parse_feed(RDF.encode(), url=URL).items
    assert (rdf.title, rdf.link, rdf.published_at) == ("First", "https://rdf.example/1", datetime(2026, 9, 14, 3))
    document = {
        "version": "https://jsonfeed.org/version/1.1", "title": "JSON", "items": [{
            "id": "1", "title": "First", "content_text": "Text", "date_published": "2026-09-14T03:00:00Z",
            "attachments": [{"url": "https://j.example/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 123456}],
        }],
    }  # fmt: skip
    (first,) = parse_feed(json.dumps(document).encode(), url=URL).items
    assert (first.guid, first.audio_url, first.published_at) == (
        "1",
        "https://j.example/1.mp3",
        datetime(2026, 9, 14, 3),
    )


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("Tue, 05 Mar 2024 08:00:00 +01:00", datetime(2024, 3, 5, 7)),
        ("<![CDATA[Tue, 05 Mar 2024 08:00:00 -05:30]]>", datetime(2024, 3, 5, 13, 30)),
        ("2024-03-05T08:00:00+01:00", datetime(2024, 3, 5, 7)),
        ("Mon, 31 Dec 2023 23:30:00 -0500", datetime(2024, 1, 1, 4, 30)),
        ("mar., 05 mars 2024 08:00:00 +0100", datetime(2024, 3, 5, 7)),
        ("ven., 05 juil. 2024 08:00:00 GMT", datetime(2024, 7, 5, 8)),
        ("Di, 05 Mär 2024 08:00 +0100", datetime(2024, 3, 5, 7)),
        ("martes, 5 de diciembre de 2023", datetime(2023, 12, 5)),
        ("Вт, 05 мар 2024 08:00:00 +0300", datetime(2024, 3, 5, 5)),
        ("05.03.2024", datetime(2024, 3, 5)),
        ("Di, 5.3.2024, 08:00:00 +0100", datetime(2024, 3, 5, 7)),
        ("05.13.2024 08:00", datetime(2024, 5, 13, 8)),
        ("le 05 brumaire 2024 08:00", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("guid", ["a", "1867", "42"])
def test_a_date_is_what_the_item_writes_and_never_its_guid(date: str, published: datetime | None, guid: str) -> None:
    text = f"<rss version='2.0'><channel><item><title>One</title><guid>{guid}</guid><pubDate>{date}</pubDate></item></channel></rss>"
    assert [item.published_at for item in parse_feed(text.encode(), url=URL).items] == [published]


def test_sound_alone_is_taken_rather_than_the_film_beside_it() -> None:
    film, cover = (
        f"<enclosure url='https://x.example/1.{end}' type='{kind}'/>"
        for end, kind in (("mp4", "video/mp4"), ("jpg", "image/jpeg"))
    )
    sound = f"<enclosure url='{AUDIO}' type='audio/mpeg'/>"
    text = f"<rss version='2.0'><channel><item><title>One</title>{film}{cover}{sound}</item><item><title>Two</title>{cover}{film}</item></channel></rss>"
    assert [item.audio_url for item in parse_feed(text.encode(), url=URL).items] == [AUDIO, "https://x.example/1.mp4"]


@pytest.mark.parametrize(
    "sources",
    [
        f'<podcast:source uri="ipfs://QmX"/><podcast:source uri="{AUDIO}"/>',
        f'<podcast:source uri="https://x.example/1" contentType="application/x-bittorrent"/><podcast:source uri="{AUDIO}"/>',
    ],
)
def test_of_an_alternate_enclosure_the_source_that_can_be_read_is_taken(sources: str) -> None:
    text = f"""<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><item><title>One</title>
    <podcast:alternateEnclosure type="audio/mpeg">{sources}</podcast:alternateEnclosure></item></channel></rss>"""
    assert [item.audio_url for item in parse_feed(text.encode(), url=URL).items] == [AUDIO]


@pytest.mark.parametrize(
    ("name", "title"),
    [("One_%0D%0A%1B[31mday.mp3", "One [31mday"), ("a" * 400 + ".mp3", "a" * 300), (".mp3", "Untitled")],
)
def test_a_title_from_a_file_name_is_as_readable_and_no_longer_than_others(name: str, title: str) -> None:
    text = f"<rss version='2.0'><channel><item><enclosure url='https://x.example/{name}'/></item></channel></rss>"
    assert [item.title for item in parse_feed(text.encode(), url=URL).items] == [title]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>Café</title><item><title>Über</title></item></channel></rss>'
    feed = parse_feed(text.encode(encoding), url=URL)
    assert (feed.title, feed.items[0].title) == ("Café", "Über")


def test_a_wrong_encoding_is_guessed_from_the_bytes() -> None:
    title = "Größere Städte brauchen längere Brücken, sagt die Ingenieurin aus Köln über ihre Pläne"
    text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>x</title><item><title>{title}</title></item></channel></rss>'
    assert parse_feed(text.encode("windows-1252"), url=URL).items[0].title == title


@pytest.mark.parametrize("title", ["Où va l’école après l’été ?", "Simulações de 2º turno e perseguição"])
def test_few_accents_are_those_of_western_europe(title: str) -> None:
    items = "".join(f"<item><title>{title} {n}</title></item>" for n in range(4))
    text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
    assert parse_feed(text.encode("windows-1252"), url=URL).items[3].title == f"{title} 3"


@pytest.mark.parametrize("written", ["utf-8", "windows-1252"])
@pytest.mark.parametrize("called", ["ISO-8859-1", "us-ascii"])
def test_what_is_called_latin_1_may_be_utf_8_or_windows(called: str, written: str) -> None:
    title = "Café – “déjà vu”, 5 €"
    text = f"<?xml version='1.0' encoding='{called}'?><rss version='2.0'><channel><title>x</title><item><title>{title}</title></item></channel></rss>"
    assert parse_feed(text.encode(written), url=URL).items[0].title == title


def test_broken_markup_and_unbound_prefixes_are_read() -> None:
    text = """<rss version="2.0"><channel><title>Broken & bare</title><item><title>One & only</title><guid>1</guid>
    <enclosure url="https://x.example/1.mp3?a=1&b=2" type="audio/mpeg"/><itunes:duration>90</itunes:duration>
    <podcast:transcript url="https://x.example/1.vtt" type="text/vtt"/></item>"""
    (one,) = parse_feed(text.encode(), url=URL).items
    assert (one.guid, one.duration_seconds, len(one.transcripts)) == ("1", 90, 1)
    assert (one.title, one.audio_url) == ("One & only", "https://x.example/1.mp3?a=1&b=2")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Caf&eacute;&nbsp;talk", "Café talk"),
        ("Q&A", "Q&A"),
        ("R&D; R & D, &c;", "R&D; R & D, &c;"),
        ("Q&amp;A", "Q&A"),
        ("<![CDATA[Q&A]]>", "Q&A"),
        ("<![CDATA[a&b&copy]]> &copy;", "a&b&copy ©"),
    ],
)
def test_what_xml_does_not_know_costs_no_word_around_it_or_after_it(written: str, title: str) -> None:
    text = f"""<rss version='2.0'><channel><item><title>{written}</title></item><item><title>R&amp;D</title>
    <link>https://x.example/?a=1&amp;b=2</link><enclosure url='{AUDIO}?a=1&copy=2&amp;c=3'/></item></channel></rss>"""
    first, second = parse_feed(text.encode(), url=URL).items
    assert (first.title, second.title, second.link) == (title, "R&D", "https://x.example/?a=1&b=2")
    assert second.audio_url == f"{AUDIO}?a=1&copy=2&c=3"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-2022-jp"])
def test_an_ampersands_byte_within_a_letter_is_none(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><item><title>ばらの花</title><x:y/></item></channel></rss>'
    assert [item.title for item in parse_feed(text.encode(encoding), url=URL).items] == ["ばらの花"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html><body>Not a feed</body></html>", b"\x00\x01binary", b"{}", b"[" * 10_000,
        b'<?xml version="1.0"?><rss version="2.0"><chan', b"\xff<rss><chan nel>&&&" * 50,
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(FeedError, match="no RSS or Atom"):
        parse_feed(body, url=URL)


def test_what_is_broken_and_huge_is_refused_at_once() -> None:
    body = b"<p>no feed at all" * 300_000
    with pytest.raises(FeedError, match="too much to mend"):
        parse_feed(body, url=URL)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Hi &#55357;&#56832;!", "Hi 😀!"),
        ("Hi &#xD83D;&#xde00;!", "Hi 😀!"),
        ("Hi &amp;#55357;&amp;#56832;!", "Hi 😀!"),
        ("<![CDATA[Hi &#55357;&#56832;!]]>", "Hi 😀!"),
        ("Half &#55357; and &#56832;&#55357;&#56832; whole", "Half and 😀 whole"),
        ("&#55203;&#57344;", "\ud7a3\ue000"),  # the neighbours of the halves' range
    ],
)
def test_characters_that_are_written_as_two_halves_are_read(written: str, title: str) -> None:
    text = f"<rss version='2.0'><channel><title>x</title><item><title>{written}</title><guid>1</guid></item></channel></rss>"
    assert [item.title for item in parse_feed(text.encode(), url=URL).items] == [title]


def test_an_item_has_no_more_transcripts_than_one_could_want() -> None:
    links = "".join(f'<podcast:transcript url="https://x.example/{n}.vtt" type="text/vtt"/>' for n in range(1000))
    text = f"<rss version='2.0' xmlns:podcast='https://podcastindex.org/namespace/1.0'><channel><item><title>One</title>{links}</item></channel></rss>"
    (one,) = parse_feed(text.encode(), url=URL).items
    assert [link.url for link in one.transcripts] == [f"https://x.example/{n}.vtt" for n in range(50)]


def test_what_breaks_the_last_parser_is_refused_by_name() -> None:
    head = '<?xml version="1.0" encoding="utf-16"?>'  # in which references to halves are not looked for
    text = f"{head}<rss version='2.0'><channel><item><title>&#55357;</title></item></channel></rss>"
    with pytest.raises(FeedError, match="no parser reads this feed"):
        parse_feed(text.encode("utf-16"), url=URL)


def test_entities_do_not_expand_into_memory() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<!DOCTYPE r [<!ENTITY l0 "lol">{laughs}]><rss version="2.0"><channel><title>&l9;</title></channel></rss>'
    feed = parse_feed(body.encode(), url=URL)
    assert len(feed.title) < 100_000


def test_entities_do_not_read_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    body = f'<!DOCTYPE r [<!ENTITY f SYSTEM "{secret.as_uri()}">]><rss version="2.0"><channel><title>t&f;</title><item><title>i&f;</title></item></channel></rss>'
    assert "the secret" not in repr(parse_feed(body.encode(), url=URL))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3723", 3723), ("62:03", 3723), ("1:02:03", 3723), ("PT1H2M3S", 3723), ("01:02:03.5", 3723.5), ("90.0", 90)]
    + [("45:30:00", 2730), ("2730000", 2730), ("11:59:59", 43_199), ("9999999999", None)]
    + [(nothing, None) for nothing in ("", "soon", "0", "PT", "-5", None)],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_markup_becomes_words() -> None:
    assert plain_text("<p>One<br/>two</p><script>x</script>") == "One two x"
    assert plain_text("a < b and c > d") == "a < b and c > d"
    assert plain_text("Tom &amp; Jerry&#8217;s") == "Tom & Jerry’s"


def test_chapter_files_are_read_in_time_order() -> None:
    body = b'{"version": "1.2.0", "chapters": [{"startTime": 9.5, "title": "Ad", "toc": false}, {"startTime": 0, "title": "Start"}]}'
    assert parse_chapters(body) == (Chapter(0.0, "Start"), Chapter(9.5, "Ad", is_hidden=True))
    with pytest.raises(ValueError, match="chapters"):
        parse_chapters(b'{"nothing": []}')
    every_field = (
        b'\xef\xbb\xbf{"chapters": [{"startTime": 7, "title": null, "url": null, "toc": null, "endTime": null}]}'
    )
    assert parse_chapters(every_field) == (Chapter(7.0, ""),)


needs_collection = pytest.mark.skipif(
    not (SHARED / "data" / "feeds").is_dir(), reason="the collection of real feeds is not on this machine"
)
FEEDS = SHARED / "data" / "feeds"
# Files that are refused, and why. Every other file is read; one that yields nothing has no item in it.
REFUSED = {
    "feed-rs/xml/xml_sample_1.xml": "a catalogue of books",
    "feed-rs/xml/xml_sample_2.xml": "a catalogue of books",
    "feedjira/HREFConsideredHarmfulFirstEntry.xml": "the text of an entry alone",
    "feedparser/illformed/aaa_illformed.xml": "a start of a feed, which breaks off",
    "feedparser/illformed/rss_empty_document.xml": "a comment alone",
    "podcast-namespace/podcast-example.xml": "elements of the namespace in a wrapper of their own",
    "rss-parser/unrecognized.rss": "the head of an HTML page",
}


@needs_collection
def test_every_feed_of_the_collections_is_read_or_has_its_reason() -> None:
    files = [p for p in sorted(FEEDS.rglob("*")) if p.suffix in {".xml", ".rss", ".atom"}]
    refused, items = set(), 0
    for path in files:
        body, name = path.read_bytes(), str(path.relative_to(FEEDS))
        try:
            found = parse_feed(body, url=URL).items
        except FeedError:
            refused.add(name)
            continue
        has_items = re.search(rb"<(?:\w+:)?(?:item|entry)[\s>/]", body.replace(b"\0", b""))
        assert bool(found) == bool(has_items), name
        items += len(found)
    assert refused == set(REFUSED)
    assert len(files) > 600
    assert items > 3_000


# podcastparser's own choices that differ from ours, by field: file, and why ours is meant.
DIFFERENT = {
    "guid": "podcastparser makes one up from the enclosure or resolves it as an address; ours is the document's, or none",
    "link": "podcastparser takes any guid as a link; ours has to be an address",
    "order": "podcastparser sorts serial shows; ours keeps the document's order",
    "enclosure": "podcastparser takes an image; ours has to be audio",
}


@needs_collection
def test_podcastparsers_expectations_are_met() -> None:
    compared = 0
    for expectation in sorted((FEEDS / "podcastparser" / "data").glob("*.json")):
        source = expectation.with_suffix(".rss")
        if not source.exists():
            continue  # max_episodes.param.json holds the arguments of a call
        expected = json.loads(expectation.read_text(encoding="utf-8")).get("episodes", [])
        found = {item.title: item for item in parse_feed(source.read_bytes(), url="https://example.com/").items}
        for episode in expected:  # podcastparser leaves out items without audio or address, and all above a limit
            title = episode["title"] or "Untitled"
            ours = found.get(title) or found["Untitled"]  # no_guid.rss: podcastparser uses the show's title
            published = ours.published_at.replace(tzinfo=UTC).timestamp() if ours.published_at else 0
            assert published == episode["published"], source.name
            assert int(ours.duration_seconds or 0) == episode["total_time"], source.name
            audio = [e["url"] for e in episode["enclosures"] if "image" not in e["mime_type"]]
            expected_audio = audio[0].replace("file://tests/data/", "https://example.com/") if audio else None
            assert ours.audio_url == expected_audio or source.stem == "image_and_audio", DIFFERENT["enclosure"]
            expected_guid = str(episode["guid"]).replace("file://tests/data/", "")
            assert ours.guid in {expected_guid, None} or expected_guid.endswith(str(ours.guid)), DIFFERENT["guid"]
            assert ours.season == episode.get("season"), source.name
            assert ours.episode_number == episode.get("number"), source.name
            assert [t.url for t in ours.transcripts][:1] == [u for u in [episode.get("transcript_url")] if u]
            assert [p.name for p in ours.persons] == [p["name"] for p in episode.get("persons", [])]
            compared += 1
    assert compared > 50


@pytest.mark.parametrize("sign", ["\x08", "\x1b", "\ufffe"])
def test_no_word_of_a_feed_holds_a_control_character(sign: str) -> None:
    """A terminal would take it for a command, and neither XML nor HTML has it."""
    written = f"&amp;#{ord(sign)};" if sign != "\ufffe" else sign
    body = FEED.replace("A &amp; B", f"A{written}[2J").replace("<title>One", f"<title>O{written}ne")
    body = body.replace("Bo  Guest", f"B{written}o").replace("The turn", f"The{written} turn")
    body = body.replace("Notes &amp;", f"Notes {written}&amp;")
    feed = parse_feed(body.encode(), url=URL)
    one = feed.items[0]
    words = [feed.title, one.title, one.description or "", one.persons[0].name, one.soundbites[0].title or ""]
    assert [word.translate({ord(sign): None}) for word in words] == words


@needs_collection
def test_podcasting_20_samples_carry_their_elements() -> None:
    feed = parse_feed((FEEDS / "podcast-namespace" / "example.xml").read_bytes(), url=URL)
    assert any(item.persons for item in feed.items)
    assert any(item.soundbites for item in feed.items)
    assert {t.type for item in feed.items for t in item.transcripts} == {"text/vtt", "text/plain"}
    chapters = [
        parse_chapters(p.read_bytes()) for p in sorted((FEEDS / "podcast-namespace" / "chapters").glob("*.json"))
    ]
    assert chapters
    assert all(chapters)


def test_every_character_that_nobody_reads_is_taken_out_and_no_printable_one() -> None:
    every = [chr(number) for number in range(0x110000)]
    unread = [character for character in every if UNREADABLE.match(character)]
    assert not [character for character in unread if character.isprintable()]  # such texts are not searched
    assert not [character for character in unread if character in readable(f"a{character}b")]


def test_a_text_on_one_line_is_as_readable_as_on_several() -> None:
    assert plain_text("one\n\x00 two\x85three\x1c \x07\tfour\ufdd0five") == "one two three fourfive"
