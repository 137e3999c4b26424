"""Documents as hosts and their programs write them, beside what the formats ask for."""

import html
import json
import time
from typing import Any

import pytest

from digest_pipeline.errors import TranscriptError
from digest_pipeline.models import Episode, Segment
from digest_pipeline.transcripts.publisher.choice import check_belongs, parse_transcript
from digest_pipeline.transcripts.publisher.formats import read_document

LONG = "the queue for the grid is longer than the grid itself and most of what stands in it will never be built at all"
MORE = f"and {LONG}"


def parse(body: str | bytes, kind: str, **about: Any) -> tuple[Segment, ...]:
    return parse_transcript(body if isinstance(body, bytes) else body.encode(), kind, **about).segments


@pytest.mark.parametrize("kind", ["json", "vtt", "srt"])
def test_what_is_said_of_a_page_that_is_no_transcript_fits_a_line(kind: str) -> None:
    with pytest.raises(TranscriptError, match=f"not valid {kind.upper()}") as error:
        parse(f"<!DOCTYPE html><html><body>{'<p>Not found.</p>' * 5000}</body></html>", kind)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("run", [" ", "\n", "\n ", "0", "1"])
def test_a_page_in_the_place_of_captions_is_refused_at_once_whatever_it_repeats(run: str) -> None:
    with pytest.raises(TranscriptError, match="not valid SRT"):
        parse(f"<html>{run * 20_000}</html>", "srt")
    found = parse(f"{run * 20_000}\n1\n00:00:01,000 --> 00:00:09,000\n{LONG}{run * 20_000}\n{LONG}", "srt")
    assert "".join(s.text for s in found).count(LONG) == 2


def test_what_json_lacks_is_named() -> None:
    with pytest.raises(TranscriptError, match="not valid JSON: Field required at segments"):
        parse(json.dumps({"results": []}), "json")


def test_the_json_of_whisper_is_read() -> None:
    rows = [
        {
            "id": i,
            "seek": 0,
            "start": i * 10.0,
            "end": i * 10 + 9.0,
            "text": f" {LONG} {i}.",
            "speaker": f"SPEAKER_0{i}",
        }
        for i in range(2)
    ]
    found = parse(json.dumps({"text": "", "language": "en", "segments": rows}), "json")
    assert [(s.start_seconds, s.end_seconds, s.speaker, s.text) for s in found] == [
        (0, 9, "SPEAKER_00", f"{LONG} 0."), (10, 19, "SPEAKER_01", f"{LONG} 1."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "seconds"),
    [(12, 12), ("12", 12), ("12.5", 12.5), ("00:01:02.500", 62.5), ("", 0), ("soon", 0), (None, 0)],
)
def test_one_segment_without_words_or_with_an_odd_time_spoils_no_json(start: object, seconds: float) -> None:
    rows = [
        {"speaker": "Ann &amp; Bob", "startTime": start, "endTime": 0, "body": LONG},
        {"startTime": 70, "endTime": 80, "body": None},
        {"startTime": 80, "endTime": 90},
        {"startTime": 90, "endTime": 100, "body": f"{LONG} at all"},
    ]
    first, last = parse(json.dumps({"version": "1.0.0", "segments": rows}), "json")
    assert (first.start_seconds, first.end_seconds, last.start_seconds, last.end_seconds) == (seconds, 90, 90, 100)
    assert first.speaker == "Ann & Bob"


@pytest.mark.parametrize("duration", [None, 600.0])
def test_times_in_milliseconds_are_not_taken_for_seconds(duration: float | None) -> None:
    rows = [{"startTime": i * 10_000, "endTime": i * 10_000 + 9_000, "body": f"{LONG} {i}"} for i in range(60)]
    published = parse_transcript(json.dumps({"segments": rows}).encode(), "json")
    episode = Episode("e1", "https://x/feed", "The Warm Cache", "On queues", None, None, "", duration, "en")
    with pytest.raises(TranscriptError, match="599000 s"):
        check_belongs(published, episode)


RUSSIAN = (
    "Очередь на подключение длиннее самой сети, и большая часть того, что в ней стоит, не будет построена никогда. "
)
CHINESE = "电网已经满了，没有人能够接入新的风电场，直到二零三零年。这对整个行业来说是一个很大的问题。"
FRENCH = (
    "Le réseau est saturé et personne ne peut raccorder de nouveaux parcs éoliens avant l’année deux mille trente. "
)


@pytest.mark.parametrize(
    ("text", "written", "named"),
    [
        (RUSSIAN, "cp1251", None),
        (RUSSIAN, "cp1251", "utf-8"),  # as servers say of everything
        (RUSSIAN, "koi8-r", "no-such-charset"),
        (CHINESE, "gbk", None),
        (FRENCH, "cp1252", None),
        (FRENCH, "cp1252", "utf-8"),
        ("It’s the naïve queue for the grid that grows. " * 20, "cp1252", None),
        ("Sieć jest pełna i nikt nie może podłączyć nowych farm wiatrowych. ", "cp1250", "windows-1250"),
    ],
)
def test_a_text_is_read_in_the_charset_of_its_bytes(text: str, written: str, named: str | None) -> None:
    found = parse((text * 4).encode(written), "text", charset=named)
    assert "".join(s.text for s in found).replace(" ", "").startswith(text.replace(" ", ""))


def test_a_page_says_in_which_charset_it_is() -> None:
    page = f"<html><head><meta charset='windows-1251'></head><body>{'<br>' * 300}<p>{RUSSIAN * 2}</p></body></html>"
    assert parse(page.encode("cp1251"), "html")[0].text.startswith(RUSSIAN.strip())


def test_one_character_that_is_cut_in_two_spoils_no_other() -> None:
    first, second = parse(FRENCH.encode() + b"\xc3\n\n" + FRENCH.encode(), "text")
    assert (first.text, second.text) == (f"{FRENCH}\ufffd", FRENCH.strip())


def test_what_a_page_has_beside_the_talk_is_not_talk() -> None:
    beside = "<noscript>Enable JavaScript</noscript><svg><title>Play</title></svg><select><option>1x</option></select>"
    page = f"<body>{beside}<aside>Subscribe now</aside><p>{LONG}</p>{beside}</body>"
    assert [s.text for s in parse(page, "html")] == [LONG]


@pytest.mark.parametrize("body", ["\n\nWEBVTT\n\n00:01.000 --> 00:09.000\n{}", "00:01.000 --> 00:09.000\n{}"])
def test_vtt_after_empty_lines_or_without_its_head_is_read(body: str) -> None:
    (found,) = parse(body.format(LONG), "vtt")
    assert (found.text, found.start_seconds, found.end_seconds) == (LONG, 1, 9)


def test_a_blank_line_within_a_cue_takes_no_words_from_it() -> None:
    body = "WEBVTT\n\n1\n\n00:00.000 --> 00:05.000\n{}\n\n \nand more\n\n2\n\n00:05.000 --> 00:09.000\n{}\n\nNOTE not said\n\nx-1\n00:09.000 --> 00:10.000\nYes.\n\n"
    found = parse(body.format(f"<v Ann>{LONG}", f"<v Bob>{MORE}"), "vtt")
    assert [(s.speaker, s.text) for s in found] == [("Ann", f"{LONG} and more"), ("Bob", MORE), ("Bob", "Yes.")]


@pytest.mark.parametrize("voice", ["<v>", "<v >", "<v.loud >"])
def test_a_voice_without_a_name_is_nobodys(voice: str) -> None:
    body = f"WEBVTT\n\n00:00.000 --> 00:05.000\n<v Ann>{LONG}\n\n00:05.000 --> 00:09.000\n{voice}{MORE}</v>\n\n00:09.000 --> 00:10.000\n<v Bob>Yes."
    assert [(s.speaker, s.text) for s in parse(body, "vtt")] == [("Ann", LONG), (None, MORE), ("Bob", "Yes.")]


@pytest.mark.parametrize("kind", ["srt", "text"])
def test_captions_under_a_headline_are_captions(kind: str) -> None:
    body = f"The Warm Cache, episode 12\n\n1\n00:00:01,000 --> 00:00:05,000\n{LONG}\n\n2\n00:00:05,000 --> 00:00:09,000\n{MORE}\n"
    assert [(s.start_seconds, s.text) for s in parse(body, kind)] == [(1, LONG), (5, MORE)]


@pytest.mark.parametrize(
    "head",
    [
        *("<cite>{}</cite>: ", "<cite>{}</cite> – ", "<cite>{}</cite> (<time>0:12</time>): "),
        *(
            "[<time>0:12</time>] <cite>{}</cite>: ",
            "<time>0:12</time> - <b>{}</b>: ",
            "<time>0:12</time> | <cite>{}</cite> ",
        ),
    ],
)
def test_what_stands_around_names_and_times_in_a_page_is_not_said(head: str) -> None:
    page = "".join(f"<p>{head.format(name)}{words}</p>" for name, words in [("Ann", LONG), ("Bob", MORE)] * 2)
    assert [(s.speaker, s.text) for s in parse(page, "html")] == [("Ann", LONG), ("Bob", MORE)] * 2


def test_of_markdown_only_the_words_are_read() -> None:
    turns = [
        rf"**Ann Lee:** {LONG} \[laughter\]",
        rf"**Bob Ray:** \[08:07\] {LONG} in C\#, and then \[08:31.5\] in the [draft](https://x.example/d_1?a=b).",
        rf"**Ann Lee:** \[09:00\] {LONG} \[unintelligible 09:03\]",
    ]
    assert [(s.speaker, s.start_seconds, s.text) for s in parse("\n\n".join(turns), "text")] == [
        ("Ann Lee", 0, f"{LONG} [laughter]"),
        ("Bob Ray", 487, f"{LONG} in C#, and then in the draft."),
        ("Ann Lee", 540, f"{LONG} [unintelligible 09:03]"),
    ]


def test_headings_and_rules_of_markdown_are_not_said_but_name_who_speaks_where_they_come_again() -> None:
    titles = f"# Show notes\n\n## Opening\n\n{LONG}\n\n* * *\n\n## Second part ##\n{MORE}\n---\n"
    assert [(s.speaker, s.text) for s in parse(titles, "text")] == [(None, LONG), (None, MORE)]
    turns = "\n\n".join(f"### {name}\n\n{LONG}" for name in ("Ann Lee", "Bob Ray") * 3)
    assert [s.speaker for s in parse(turns, "text")] == ["Ann Lee", "Bob Ray"] * 3
    assert {s.text for s in parse(turns, "text")} == {LONG}
    timed = f"## Ann Lee [00:00:05]\n\n{LONG}\n\n## Bob Ray [00:02:09]\n\n{MORE}"
    assert [(s.speaker, s.start_seconds) for s in parse(timed, "text")] == [("Ann Lee", 5), ("Bob Ray", 129)]


def test_a_heading_beside_those_that_name_speakers_gives_nobodys_words_to_another() -> None:
    names = [*("Ann Lee", "Bob Ray") * 3, "Cy Poe", "Ann Lee"]
    turns = "\n\n".join(f"### {name}\n\n{LONG}\n\n{MORE}" for name in names)
    said = [(s.speaker, s.text) for s in parse(turns, "text")]
    assert [speaker for speaker, _ in said[::2]] == [*("Ann Lee", "Bob Ray") * 3, None, "Ann Lee"]
    assert said[1::2] == [(speaker, MORE) for speaker, _ in said[::2]]
    alone = "\n\n".join(f"### {name}\n\n{LONG}" for name in ("Ann Lee", "Bob Ray", "Ann Lee", "Bob Ray", "Ann Lee"))
    assert {s.text for s in parse(alone, "text")} == {LONG}, "a name that comes again stood in the words"


def test_what_is_too_long_for_a_heading_was_said() -> None:
    (segment, *_) = parse(f"# {LONG}, {LONG}, {LONG}", "text")
    assert segment.text.startswith(LONG[:40])


@pytest.mark.parametrize("kind", ["vtt", "text", "html", "json"])
def test_marks_of_a_block_quote_and_of_emphasis_are_not_words(kind: str) -> None:
    said = (
        f"> 80% of them _should be_ **not kept**. > > {LONG} > - That x > 5, y > - 3, 2 ** 3 and snake_case_names stay."
    )
    documents = {
        "vtt": f"WEBVTT\n\n00:01.000 --> 00:59.000\n{html.escape(said)}",
        "text": said,
        "html": f"<p>{html.escape(said)}</p>",
        "json": json.dumps({"segments": [{"startTime": 1, "endTime": 59, "body": said}]}),
    }
    words = " ".join(segment.text for segment in parse(documents[kind], kind))
    assert words == f"80% of them should be not kept. {LONG} That x > 5, y > - 3, 2 ** 3 and snake_case_names stay."


@pytest.mark.parametrize("line", ["# a" + " " * 40_000 + "b", "# a" + "\t" * 40_000 + "b", "x " + "> " * 40_000])
def test_a_long_line_of_blanks_or_marks_is_read_in_the_time_that_its_length_asks_for(line: str) -> None:
    begun = time.perf_counter()
    list(read_document(line, "text"))
    assert time.perf_counter() - begun < 2, "20 s, where each blank was tried as the heading's end"


def _spoken(unit: int, name: str) -> list[dict[str, object]]:
    return [
        {"start": 0.25 * unit, "end": 9 * unit, name: LONG, "word": LONG.upper()},
        {"start": 9.1 * unit, "end": 19 * unit, name: MORE, "word": MORE.upper()},
    ]


@pytest.mark.parametrize(
    "document",
    [
        [{"start": 0.25, "end": 9.0, "text": LONG}, {"start": 9.1, "end": 19.0, "text": MORE}],
        {
            "segments": [{"start": 0.25, "end": 9.0, "text": LONG}, {"start": 9.1, "end": 19.0, "text": MORE}],
            "seconds_per_unit": 1e300,  # which is not for a document to say
        },
        {
            "transcription": [  # of whisper.cpp
                {"timestamps": {"from": "00:00:00,250", "to": "00:00:09,000"}, "offsets": {"from": 250}, "text": LONG},
                {"timestamps": {"from": "00:00:09,100", "to": "00:00:19,000"}, "offsets": {"from": 9100}, "text": MORE},
            ],
        },
        {
            "id": "1",
            "text": LONG,
            "utterances": [  # of AssemblyAI
                {"start": 250, "end": 9000, "text": LONG, "words": []},
                {"start": 9100, "end": 19000, "text": MORE, "words": []},
            ],
        },
        {"utterances": None, "words": _spoken(1000, "text")},
        {"id": "1", "sentences": [{**word, "confidence": 1.0} for word in _spoken(1000, "text")]},
        {"results": {"utterances": _spoken(1, "transcript"), "channels": []}},
        {"results": {"channels": [{"alternatives": [{"transcript": LONG, "words": _spoken(1, "punctuated_word")}]}]}},
    ],
    ids=["list", "a field of ours", "whisper.cpp", *["AssemblyAI"] * 3, *["Deepgram"] * 2],
)
def test_the_json_of_other_recognisers_is_read(document: object) -> None:
    for declared in ("json", "text"):
        found = parse(json.dumps(document), declared)
        assert [(s.start_seconds, s.end_seconds, s.text) for s in found] == [(0.25, 9, LONG), (9.1, 19, MORE)]


@pytest.mark.parametrize("written", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("kind", "opening"), [("vtt", "WEBVTT\n\n00:01.000 --> 00:09.000\n"), ("text", "[0:01] ")])
def test_utf_16_is_read_without_its_mark(written: str, kind: str, opening: str) -> None:
    (found,) = parse(f"{opening}{LONG}, naïvely\n".encode(written), kind)
    assert (found.start_seconds, found.text) == (1, f"{LONG}, naïvely")


def test_a_full_width_colon_parts_a_speaker_from_what_is_said() -> None:
    turns = [f"{name}：{CHINESE}" for name in ("张三", "李四") * 3]
    assert [s.speaker for s in parse("\n".join(turns), "text")] == ["张三", "李四"] * 3
    reported = [CHINESE, f"他说：{CHINESE}", CHINESE, f"他说：{CHINESE}"]
    assert {s.speaker for s in parse("\n\n".join(reported), "text")} == {None}


@pytest.mark.parametrize(
    ("talk", "notes"),
    [
        (
            f"{LONG}. " * 9,
            "Why it is long. Listen on Apple Podcasts, Spotify and YouTube, follow us on Instagram and TikTok.",
        ),
        (
            "電力網の順番はとても長い。" * 20,
            "番組の感想はこちらへ。 Tesla、 Google、 Nvidia、 Siemens、 Hitachi の話。",
        ),
        (RUSSIAN * 4, "О том, что делают Tesla, Google, Nvidia, Siemens и Hitachi."),
    ],
)
def test_notes_that_name_what_no_talk_spells_so_refuse_no_transcript(talk: str, notes: str) -> None:
    published = parse_transcript(talk.encode(), "text")
    check_belongs(published, Episode("e1", "f", "The Warm Cache", "On queues", None, None, notes, None, None))
