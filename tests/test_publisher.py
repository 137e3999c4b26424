"""Publishers' transcripts: four formats, one result; and what is not a transcript is refused by name."""

import json

import pytest

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import TranscriptError
from digest_pipeline.models import Segment, TranscriptLink
from digest_pipeline.transcripts.publisher import in_order_of_preference, kind_of, parse_transcript

LONG = "the queue for the grid is longer than the grid itself and most of what stands in it will never be built at all"


@pytest.mark.parametrize("kind", ["vtt", "srt", "html"])
def test_all_formats_give_the_same_words_speakers_and_order(network: DemoNetwork, kind: str) -> None:
    for show in network.shows.values():
        for episode in show["episodes"]:
            if episode.get("malformed"):
                continue
            wanted = parse_transcript(network.transcript(episode, "json").encode(), "json")
            found = parse_transcript(network.transcript(episode, kind).encode(), kind)
            assert words(found) == words(wanted)
            assert [s.speaker for s in found] == [s.speaker for s in wanted]
            assert all(abs(a.start_seconds - b.start_seconds) < 1.01 for a, b in zip(found, wanted, strict=True))


def words(segments: tuple[Segment, ...]) -> list[str]:
    return " ".join(segment.text for segment in segments).split()


def test_plain_text_gets_speakers_and_estimated_times() -> None:
    segments = parse_transcript(f"Ann Lee: {LONG}\n\nBob: Really?\n\nAnn Lee: {LONG}".encode(), "text")
    assert [s.speaker for s in segments] == ["Ann Lee", "Bob", "Ann Lee"]
    assert segments[1].start_seconds == pytest.approx(len(LONG.split()) / 2.5)


def test_rolling_captions_are_merged_and_markup_removed() -> None:
    vtt = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\n<c.yellow>the queue for the grid</c>\n\n"
        "00:02.000 --> 00:04.000\nthe queue for the grid is longer\n\n"
        "00:04.000 --> 00:05.000\nthe queue for the grid is longer\n\n"
        f"00:05.000 --> 00:09.000\n<v Ann Lee>{LONG} &amp; more\n"
    )
    segments = parse_transcript(vtt.encode(), "vtt")
    assert [s.text for s in segments] == ["the queue for the grid", "is longer", f"{LONG} & more"]
    assert segments[-1].speaker == "Ann Lee"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", "json", "not valid JSON"),
        (b'{"segments": "none"}', "json", "not valid JSON"),
        (b'{"segments": []}', "json", "0 words"),
        (b"<html>404</html>", "vtt", "not valid VTT"),
        (b"\xff\xfe\x00garbage", "srt", "not valid SRT|0 words"),
        (b"<html><body><p>Soon.</p></body></html>", "html", "1 words"),
    ],
)
def test_what_is_no_transcript_is_refused_by_name(body: bytes, kind: str, said: str) -> None:
    with pytest.raises(TranscriptError, match=said):
        parse_transcript(body, kind)


def test_a_transcript_of_half_an_episode_is_refused() -> None:
    rows = [{"startTime": 0, "endTime": 60, "body": LONG}]
    body = json.dumps({"segments": rows}).encode()
    assert parse_transcript(body, "json", duration_seconds=100)
    with pytest.raises(TranscriptError, match="60 s of 3600 s"):
        parse_transcript(body, "json", duration_seconds=3600)


def test_the_best_transcript_comes_first() -> None:
    links = [
        TranscriptLink("https://x/t.txt", "text/plain"),
        TranscriptLink("https://x/es.json", "application/json", "es"),
        TranscriptLink("https://x/t.srt?x=1", "application/octet-stream"),
        TranscriptLink("https://x/t.vtt", "text/vtt; charset=utf-8", "en-US"),
        TranscriptLink("https://x/t.docx", "application/msword"),
    ]
    ordered = in_order_of_preference(links, "en")
    assert [kind_of(link) for link in ordered] == ["vtt", "srt", "text", "json"]
