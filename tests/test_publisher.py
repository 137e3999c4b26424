"""Publishers' transcripts: every format, one result; and what is not this episode's transcript is refused by name."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import TranscriptError
from digest_pipeline.models import Episode, Segment, TranscriptLink
from digest_pipeline.transcripts.publisher.choice import (
    check_belongs,
    in_order_of_preference,
    kind_of,
    parse_transcript,
    published_transcript,
)
from tests.conftest import SHARED

LONG = "the queue for the grid is longer than the grid itself and most of what stands in it will never be built at all"
EPISODE = Episode("e1", "https://x/feed", "The Warm Cache", "On queues", None, None, "", None, "en")
SAMPLES = SHARED / "data" / "feeds" / "podcast-namespace" / "transcripts"
EVERY = 12  # one real episode in so many is compared here; bench.formats compares all


def parse(text: str, kind: str, duration_seconds: float | None = None) -> tuple[Segment, ...]:
    return parse_transcript(text.encode(), kind, duration_seconds=duration_seconds).segments


def words(segments: tuple[Segment, ...]) -> list[str]:
    return " ".join(segment.text for segment in segments).split()


@pytest.mark.parametrize("kind", ["vtt", "srt", "html"])
def test_all_formats_give_the_same_words_speakers_and_order(network: DemoNetwork, kind: str) -> None:
    for show in network.shows.values():
        for episode in show["episodes"]:
            if episode.get("malformed"):
                continue
            wanted = parse(network.transcript(episode, "json"), "json")
            found = parse(network.transcript(episode, kind), kind)
            assert words(found) == words(wanted)
            assert [s.speaker for s in found] == [s.speaker for s in wanted]
            assert all(abs(a.start_seconds - b.start_seconds) < 1.01 for a, b in zip(found, wanted, strict=True))


@pytest.fixture(scope="module")
def real_network() -> ModuleType:
    file = SHARED / "eval" / "podcast_network.py"
    if not file.exists():
        pytest.skip(f"{file} is absent: no real transcripts to compare formats on")
    spec = importlib.util.spec_from_file_location("podcast_network", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_real_transcripts_agree_in_every_format(real_network: ModuleType) -> None:
    rows = (SHARED / "data" / "transcripts" / "manifest.jsonl").read_text().splitlines()
    compared = 0
    for row in map(json.loads, rows[::EVERY]):
        cues = real_network.segments_of(SHARED / "data" / row["path"], row["format"])
        wanted, *others = (parse(real_network.render(cues, kind), kind) for kind in ("json", "vtt", "srt", "html"))
        voices = [s.speaker for s in wanted for _ in s.text.split()]
        for found in others:
            errors = Levenshtein.distance(words(found), words(wanted)) / len(words(wanted))
            assert errors < 0.005, row["path"]
            strangers = Levenshtein.distance([s.speaker for s in found for _ in s.text.split()], voices)
            assert strangers / len(voices) < 0.01, row["path"]
        compared += 1
    assert compared > 20


@pytest.mark.parametrize(
    ("kind", "speakers"),
    [
        ("json", {"Darth Vader", "Luke"}),
        ("vtt", {"Sarah", "Gillian"}),
        ("srt", {"Travis", "Sarah", "Gilon"}),
        ("html", {"Travis", "Sarah", "Gilon"}),
    ],
)
def test_the_samples_of_podcasting_2_parse(kind: str, speakers: set[str]) -> None:
    if not SAMPLES.exists():
        pytest.skip(f"{SAMPLES} is absent")
    published = parse_transcript((SAMPLES / f"example.{kind}").read_bytes(), kind)
    assert {s.speaker for s in published.segments} == speakers
    assert published.has_own_times
    starts = [s.start_seconds for s in published.segments]
    assert starts == sorted(starts)
    assert not any(mark in s.text for s in published.segments for mark in ("&#", "<", "-->"))


def test_plain_text_gets_speakers_and_times_laid_over_the_episode() -> None:
    body = f"Ann Lee: {LONG}\n\nBob: Really?\n\nAnn Lee: {LONG}"
    published = parse_transcript(body.encode(), "text", duration_seconds=90)
    assert [s.speaker for s in published.segments] == ["Ann Lee", "Bob", "Ann Lee"]
    assert not published.has_own_times
    assert published.segments[1].start_seconds == pytest.approx(90 * 24 / 49, abs=0.1)
    assert published.segments[-1].end_seconds == pytest.approx(90)
    assert parse(body, "text")[1].start_seconds == pytest.approx(24 / 2.5)


@pytest.mark.parametrize(
    "head",
    [
        *("Ann Lee  0:12\n", "[00:00:12] Ann Lee: ", "Ann Lee (00:12): ", "**Ann Lee** [0:12]: ", "0:12 Ann Lee: "),
        *("Ann Lee | [0:12] ", "[0:12] - Ann Lee: ", "0:12 – Ann Lee: ", "0:12 | Ann Lee: ", "0:12 → 0:20 Ann Lee: "),
        *("[00:00:12.000 --> 00:00:20.000]  Ann Lee: ", "(0:12 - 0:20) Ann Lee: ", "Ann Lee (0:12–0:20): "),
        *("**[0:12] Ann Lee:** ", "**Ann Lee (0:12):** ", "*[0:12]* **Ann Lee:** ", "Ann Lee · [0:12]\n"),
        *("**Ann Lee:** [0:12](https://x.example/1?t=12) ", "[0:12](https://x.example/1) – Ann Lee: "),
    ],
)
def test_speakers_and_times_at_the_head_of_a_paragraph(head: str) -> None:
    found = parse(f"{head}{LONG}\n\nBob: {LONG}", "text")
    assert [(s.speaker, s.text) for s in found] == [("Ann Lee", LONG), ("Bob", LONG)]
    assert found[0].start_seconds == 12


def test_a_clock_alone_in_its_line_is_the_time_of_what_follows() -> None:
    names = ["Ann Lee", "Bob Ray"] * 3
    found = parse("\n\n".join(f"{name}\n{n}:05\n{LONG}" for n, name in enumerate(names)), "text")
    assert [(s.speaker, s.start_seconds, s.text) for s in found] == [(w, 60 * n + 5, LONG) for n, w in enumerate(names)]


def test_the_times_that_a_recogniser_writes_before_each_line_are_not_among_the_words() -> None:
    lines = [f"[00:{n:02d}:00.000 --> 00:{n:02d}:08.640]   {LONG} {n}" for n in range(5)]
    found = parse("\n".join(lines), "text")
    assert [(s.start_seconds, s.text) for s in found] == [(60 * n, f"{LONG} {n}") for n in range(5)]


def test_a_name_behind_a_dash_follows_a_clock() -> None:
    found = parse(f"[00:00:05.490] - Speaker 1\n{LONG}\n\n[00:00:45.100] - Ann Lee\n{LONG}\n\n[01:00] - No\n", "text")
    assert [(s.speaker, s.start_seconds) for s in found[:2]] == [("Speaker 1", 5.49), ("Ann Lee", 45.1)]
    assert [s.text for s in found] == [LONG, LONG, "No"]


@pytest.mark.parametrize(
    "line", ["John 3:16\n\n", "Romans 8:28: ", "9:30 in the morning is when it starts. ", "12:45 Lunch: "]
)
def test_a_verse_or_a_time_of_day_is_neither_speaker_nor_time(line: str) -> None:
    found = parse_transcript(f"{LONG}\n\n{line}{LONG}\n\nGenesis 1:1\n\n{LONG}".encode(), "text", duration_seconds=90)
    assert line.split()[0] in words(found.segments)
    assert {s.speaker for s in found.segments} == {None}
    assert not found.has_own_times


def test_clocks_without_brackets_count_where_they_are_many_and_rise() -> None:
    heads = [("Ann Lee", "1:30"), ("Bob Ray", "2:10"), ("Ann Lee", "59:59"), ("Bob Ray", "1:00:10")]
    body = "\n\n".join(f"{name}  {clock}\n{LONG}" for name, clock in heads)
    found = parse(f"The Warm Cache\n\n{body}", "text")[1:]
    assert [(s.speaker, s.start_seconds) for s in found] == [
        ("Ann Lee", 90), ("Bob Ray", 130), ("Ann Lee", 3599), ("Bob Ray", 3610),
    ]  # fmt: skip


def test_html_without_markup_for_speakers() -> None:
    page = f"<html><head><title>no</title></head><body><h1>Transcript</h1><div><p><b>Ann:</b> {LONG} &amp; so on</p><blockquote><p>Bob: {LONG}</p></blockquote></div><script>x()</script></body></html>"
    assert [(s.speaker, s.text) for s in parse(page, "html")] == [("Ann", f"{LONG} & so on"), ("Bob", LONG)]


def test_a_speaker_stays_until_the_next_is_named() -> None:
    vtt = f"WEBVTT\n\n00:00.000 --> 00:05.000\n<v Ann>{LONG}\n\n00:05.000 --> 00:09.000\nand more\n\n00:09.000 --> 00:12.500\n<v Bob>Yes.</v> <v Ann>No.</v>\n"
    found = parse(vtt, "vtt")
    assert [(s.speaker, s.text) for s in found] == [("Ann", LONG), ("Ann", "and more"), ("Bob", "Yes."), ("Ann", "No.")]
    assert found[-1].end_seconds == 12.5


def test_what_stands_before_a_colon_is_not_always_a_name() -> None:
    srt = "\n\n".join(
        f"{i}\n00:00:{i:02d},000 --> 00:00:{i + 1:02d},000\n{text}"
        for i, text in enumerate(
            [
                "Ann: the rule is simple",
                "Note: it holds for queues",
                "So the question is: why",
                "Bob van Dyk: because",
                "Ann: good",
            ],
            1,
        )
    )
    assert [s.speaker for s in parse(srt, "srt")] == ["Ann", "Ann", "Ann", "Bob van Dyk", "Ann"]


def said(body: str, kind: str, **about: Any) -> list[tuple[str | None, str]]:
    return [(s.speaker, s.text) for s in parse_transcript(body.encode(), kind, **about).segments]


def test_each_line_that_opens_with_a_speaker_or_a_clock_is_a_turn() -> None:
    by_name = f"ANN LEE: {LONG}\nBOB RAY: Really?\nANN LEE: {LONG}\nand so on"
    turns = [("ANN LEE", LONG), ("BOB RAY", "Really?"), ("ANN LEE", f"{LONG} and so on")]
    assert said(by_name, "text") == turns
    by_clock = f"[00:00:10] Ann: {LONG}\n[00:00:20] Bob: Really?\n[00:00:30] Ann: {LONG}"
    found = parse(by_clock, "text")
    assert [(s.speaker, s.start_seconds) for s in found] == [("Ann", 10), ("Bob", 20), ("Ann", 30)]
    assert not any(":" in s.text for s in found)


def test_a_caption_in_which_the_speaker_changes_is_cut_there() -> None:
    vtt = f"WEBVTT\n\n00:00.000 --> 00:10.000\nANN: Is it?\nBOB: No.\n\n00:10.000 --> 00:20.000\nANN: {LONG}\n\n00:20.000 --> 00:24.000\nBOB: I see. >>> Who is that?"
    assert said(vtt, "vtt") == [
        ("ANN", "Is it?"),
        ("BOB", "No."),
        ("ANN", LONG),
        ("BOB", "I see."),
        (None, "Who is that?"),
    ]


@pytest.mark.parametrize(
    "opening", ["Remember: ", "Translation: ", "Star Wars: A New Hope came out in 1977, and ", "Breaking News: "]
)
def test_a_sentence_that_opens_with_a_colon_names_nobody(opening: str) -> None:
    body = f"{LONG}\n\n{opening}{LONG}\n\n{LONG}"
    assert said(body, "text") == [(None, LONG), (None, f"{opening}{LONG}"), (None, LONG)]


def test_a_person_of_the_episode_may_be_named_once() -> None:
    body = f"{LONG}\n\nAnn Lee: {LONG}\n\n{LONG}"
    assert said(body, "text", people=["Dr. Ann Lee"]) == [(None, LONG), ("Ann Lee", LONG), ("Ann Lee", LONG)]


def test_an_unknown_speaker_has_nobody_elses_name() -> None:
    rows = [("Ann Lee", LONG), ("Unknown Speaker", "No, it is not."), (None, "At all."), ("Bob", "Yes.")]
    document = {"segments": [{"speaker": who, "startTime": i, "body": what} for i, (who, what) in enumerate(rows)]}
    wanted = [("Ann Lee", LONG), (None, "No, it is not."), (None, "At all."), ("Bob", "Yes.")]
    assert said(json.dumps(document), "json") == wanted
    vtt = "WEBVTT\n\n" + "\n\n".join(
        f"00:{i:02d}.000 --> 00:{i + 1:02d}.000\n" + (f"<v {who}>{what}" if who else what)
        for i, (who, what) in enumerate(rows)
    )
    assert said(vtt, "vtt") == wanted


def test_a_page_whose_elements_are_never_closed_is_read() -> None:
    page = "<p>".join(["<html><body>", *(f"The {n}th sentence is as long as it has to be." for n in range(1500))])
    assert len(parse(page, "html")) == 1500
    assert said(f"{'<div>' * 5000}{LONG}", "html") == [(None, LONG)]


def test_a_date_or_a_book_in_a_page_is_neither_time_nor_speaker() -> None:
    page = (
        "<html><body><p>By a writer, <time datetime='2024-06-03'>June 3, 2024</time></p>"
        f"<p>[00:12] Ann Lee: {LONG}</p><p>[00:32] Bob: I read it in <cite>The New York Times</cite> yesterday.</p></body></html>"
    )
    found = parse(page, "html")[1:]
    assert [(s.speaker, s.start_seconds) for s in found] == [("Ann Lee", 12), ("Bob", 32)]
    assert found[1].text == "I read it in The New York Times yesterday."


def test_a_page_that_is_linked_as_plain_text_is_read_as_a_page() -> None:
    page = f"<!DOCTYPE html><html><head><style>p {{ color: red }}</style></head><body><script>x()</script><p>{LONG}</p></body></html>"
    assert said(page, "text") == [(None, LONG)]


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("srt", "1\n00:10,000 --> 00:20,000"),
        ("vtt", "WEBVTT\n\n00:10,000 --> 00:20,000"),
        ("vtt", "WEBVTT\n\n00:00:10 --> 00:00:20 align:start"),
    ],
)
def test_times_that_only_players_understand_are_understood(kind: str, head: str) -> None:
    (found,) = parse(f"{head}\n{LONG}\n", kind)
    assert (found.start_seconds, found.end_seconds) == (10, 20)


def test_one_time_that_is_far_off_spoils_no_other() -> None:
    rows = [{"startTime": 9999 if i == 2 else i * 10, "body": f"{LONG} {i}"} for i in range(8)]
    starts = [s.start_seconds for s in parse(json.dumps({"segments": rows}), "json")]
    assert [start for i, start in enumerate(starts) if i != 2] == [0, 10, 30, 40, 50, 60, 70]
    assert 10 < starts[2] < 30


def test_numbers_for_speakers_and_a_negative_start_spoil_no_document() -> None:
    document = {
        "segments": [{"speaker": 1, "startTime": -0.5, "body": LONG}, {"speaker": 2, "startTime": 9, "body": LONG}]
    }
    assert said(json.dumps(document), "json") == [("1", LONG), ("2", LONG)]


def test_a_text_is_read_in_the_charset_that_its_server_names() -> None:
    russian = (
        "Очередь на подключение длиннее самой сети, и большая часть того, что в ней стоит, не будет построена никогда. "
        * 3
    )
    published = parse_transcript(russian.encode("cp1251"), "text", charset="windows-1251")
    assert published.segments[0].text.startswith("Очередь на подключение")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text", "<a" * 40_000),
        ("vtt", "WEBVTT\n\n00:00.000 --> 00:05.000\n" + "<v " * 20_000),
        ("text", "Ann" + " " * 20_000 + "x" * 200),
        ("html", "<p " * 40_000),
        ("html", f"<p {' '.join(f'a{n}=1' for n in range(60_000))}>words</p>"),
        ("text", "Ann: " * 20_000),
    ],
)
def test_no_document_takes_time_with_the_square_of_its_length(kind: str, body: str) -> None:
    """Most took seconds that grew with the square, and 32 MiB are allowed: here twenty times the length, in a minute."""
    code = (
        "import sys; from digest_pipeline.transcripts.publisher.formats import read_document\n"
        "for _ in read_document(sys.stdin.read() * 20, sys.argv[1]): pass"
    )
    subprocess.run([sys.executable, "-c", code, kind], input=body, text=True, timeout=60, check=False)


@pytest.mark.parametrize("kind", ["json", "vtt", "srt", "html", "text"])
def test_control_characters_of_a_document_reach_no_segment(kind: str) -> None:
    bad = f"Prices \x1b]0;x\x07 fell\x0b\x0bby \x9bhalf \ufffe, and {LONG}."
    body = {
        "json": json.dumps({"segments": [{"speaker": "Ann\x1b[31m Lee", "startTime": 1, "endTime": 9, "body": bad}]}),
        "vtt": f"WEBVTT\n\n00:01.000 --> 00:09.000\n<v Ann\x1b[31m Lee>{bad}\n",
        "srt": f"1\n00:00:01,000 --> 00:00:09,000\n{bad}\n",
        "html": f"<cite>Ann\x1b[31m Lee</cite><time>0:01</time><p>{bad}</p>",
        "text": f"[0:01] {bad}",
    }[kind]
    (segment,) = parse(body, kind, 9.0)
    assert segment.text == f"Prices ]0;x fell by half , and {LONG}."
    assert segment.speaker in ("Ann[31m Lee", None)


def test_rolling_captions_are_merged_and_markup_removed() -> None:
    vtt = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\n<c.yellow>the queue for the grid</c>\n\n"
        "00:02.000 --> 00:04.000\nthe queue for the grid\nis <00:03.000>longer\n\n"
        "00:04.000 --> 00:05.000\nis longer\n\n"
        "00:05.000 --> 00:05.500\n[Music]\n\n"
        f"00:06.500 --> 00:09.000\n<v Ann Lee>{LONG} &amp; more\n"
    )
    segments = parse(vtt, "vtt")
    assert [s.text for s in segments if s.text] == ["the queue for the grid", "is longer", f"{LONG} & more"]
    assert segments[-1].speaker == "Ann Lee"


def test_words_that_are_timed_one_by_one_are_gathered_into_sentences() -> None:
    rows = [
        {"startTime": i * 0.4, "endTime": i * 0.4 + 0.3, "body": f" {word}", "speaker": "Ann"}
        for i, word in enumerate(f"{LONG}. {LONG}.".split())
    ]
    found = parse(json.dumps({"segments": rows}), "json")
    assert [s.text for s in found] == [f"{LONG}."] * 2
    assert found[1].start_seconds == pytest.approx(24 * 0.4)


def test_a_page_long_paragraph_is_cut_at_its_sentences() -> None:
    sentence = f"{LONG.capitalize()}."
    found = parse(
        json.dumps({"segments": [{"startTime": 0, "endTime": 100, "body": " ".join([sentence] * 8)}]}), "json"
    )
    assert len(found) == 4
    assert all(s.text == f"{sentence} {sentence}" for s in found)
    assert [s.start_seconds for s in found] == [0, 25, 50, 75]


def test_a_page_without_a_full_stop_is_cut_too() -> None:
    page = "It begins. " + " ".join(f"word{n}" for n in range(400))
    found = parse(json.dumps({"segments": [{"startTime": 0, "endTime": 160.8, "body": page}]}), "json")
    assert " ".join(s.text for s in found) == page
    assert max(len(s.text.split()) for s in found) <= 34
    assert found[-1].end_seconds == pytest.approx(160.8)
    assert all(before.end_seconds == pytest.approx(after.start_seconds) for before, after in pairwise(found))


def test_what_a_document_is_counts_more_than_what_it_is_called() -> None:
    vtt = f"WEBVTT\n\n00:00.000 --> 00:09.000\n{LONG}\n"
    assert parse(vtt, "srt") == parse(vtt, "vtt")
    utf16 = parse_transcript(vtt.encode("utf-16"), "vtt").segments
    assert utf16 == parse(vtt, "vtt")
    assert "naïve" in parse_transcript(f"{LONG} naïve".encode("cp1252"), "text").segments[0].text


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", "json", "not valid JSON"),
        (b'{"segments": "none"}', "json", "not valid JSON"),
        (b'{"segments": []}', "json", "0 words"),
        (b"<html>404</html>", "vtt", "not valid VTT"),
        (b"\xff\xfe\x00garbage", "srt", "not valid SRT|0 words"),
        (b"<html><body><p>Soon.</p></body></html>", "html", "1 words"),
        (b"WEBVTT\n\n00:00.000 --> 00:40.000\nTranscript to follow.\n", "vtt", "3 words"),
    ],
)
def test_what_is_no_transcript_is_refused_by_name(body: bytes, kind: str, said: str) -> None:
    with pytest.raises(TranscriptError, match=said):
        parse_transcript(body, kind)


def test_a_transcript_of_half_an_episode_is_refused() -> None:
    rows = [{"startTime": 0, "endTime": 60, "body": f"{LONG} {LONG}"}]
    published = parse_transcript(json.dumps({"segments": rows}).encode(), "json")
    check_belongs(published, replace(EPISODE, duration_seconds=100))
    with pytest.raises(TranscriptError, match="covers 60 s of 3600 s"):
        check_belongs(published, replace(EPISODE, duration_seconds=3600))


def test_the_transcript_of_a_longer_episode_is_refused() -> None:
    rows = [{"startTime": i * 10, "endTime": i * 10 + 9, "body": f"{LONG} {i}"} for i in range(60)]
    published = parse_transcript(json.dumps({"segments": rows}).encode(), "json")
    check_belongs(published, replace(EPISODE, duration_seconds=590))
    with pytest.raises(TranscriptError, match="another episode: it runs to 599 s"):
        check_belongs(published, replace(EPISODE, duration_seconds=300))


def test_a_transcript_that_says_nothing_of_its_episode_is_refused() -> None:
    published = parse_transcript(f"Ann: {LONG}".encode(), "text")
    about = replace(
        EPISODE,
        title="Carla Venn on bread",
        description="We meet Carla Venn, of Rosenheim, who sells Pretzels to Bavaria.",
    )
    with pytest.raises(TranscriptError, match="another episode: it never says"):
        check_belongs(published, about)
    check_belongs(parse_transcript(f"Ann: {LONG} says carla".encode(), "text"), about)


def test_audio_beyond_the_transcript_is_recorded() -> None:
    rows = [{"startTime": i * 10, "endTime": i * 10 + 9, "body": f"{LONG} {i}"} for i in range(60)]
    body, link = json.dumps({"segments": rows}).encode(), TranscriptLink("https://x/t.json", "application/json")
    longer = published_transcript(body, link, replace(EPISODE, duration_seconds=689))
    assert longer.unheard_seconds == 90
    assert "90 s longer" in (longer.note or "")
    same = published_transcript(body, link, replace(EPISODE, duration_seconds=605))
    assert (same.unheard_seconds, same.note, same.has_own_times) == (None, None, True)


def test_the_best_transcript_comes_first() -> None:
    links = [
        TranscriptLink("https://x/t.txt", "text/plain"),
        TranscriptLink("https://x/es.json", "application/json", "es"),
        TranscriptLink("https://x/t.srt?x=1", "application/octet-stream"),
        TranscriptLink("https://x/t.vtt", "text/vtt; charset=utf-8", "en-US"),
        TranscriptLink("https://x/t.docx", "application/msword"),
    ]
    for language in ("en", "en-GB"):
        ordered = in_order_of_preference(links, language)
        assert [kind_of(link) for link in ordered] == ["vtt", "srt", "text", "json"]
    ordered = in_order_of_preference([TranscriptLink("https://x/t.vtt", "text/vtt", "eng"), *links], "en")
    assert [kind_of(link) for link in ordered] == ["vtt", "vtt", "srt", "text", "json"]
