"""What is told, what is dropped, what is marked: the rules, on what the real models did with music and noise."""

from dataclasses import replace

import numpy as np
import pytest

from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE
from digest_pipeline.transcripts.recognition.guards import judge, without_loops
from digest_pipeline.transcripts.recognition.hints import hints_of
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints, times_of_words

NOISE = np.random.default_rng(3).normal(0, 0.1, SAMPLE_RATE * 20).astype(np.float32)
HINTS = Hints("Energy Matters. The Grid.", "ComfyUI")
GOOD = Heard(0, 8, "The grid runs on a promise that everybody keeps at the same second.", -0.2, 0.05, 1.2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": "Thank you.", "log_probability": -1.05, "no_speech": 0.77}, "nobody speaks"),
        ({"text": "Thank you.", "log_probability": -0.68, "no_speech": 0.79, "word_probabilities": (0.08, 0.95)}, "nobody speaks"),
        ({"text": "The grid. The grid.", "log_probability": -0.32, "no_speech": 0.93}, "nobody speaks"),
        ({"text": "The grid. The grid.", "log_probability": -0.4, "no_speech": 0.1}, "no voice under the words"),
        ({"text": "I'll see you in the next video, bye!", "log_probability": -0.9, "no_speech": 0.4}, "no voice under the words"),
        ({"compression": 2.9}, "a loop"),
        ({"text": "Subtitles by the Amara.org community"}, "no words of a speaker"),
        ({"text": "Thanks for watching!"}, "no words of a speaker"),
        ({"text": "[upbeat music]"}, "no words of a speaker"),
        ({"text": "♪ ♪"}, "no words of a speaker"),
        ({"text": "Captioning made possible by a grant."}, "no words of a speaker"),
        ({"text": "Untertitel im Auftrag des ZDF, 2018"}, "no words of a speaker"),
        ({"text": "Sous-titrage Société Radio-Canada"}, "no words of a speaker"),
        ({"text": "Sous-titrage : un métier que personne ne voit"}, "no voice under the words"),
        ({"text": "."}, "no words of a speaker"),
    ],
)  # fmt: skip
def test_invented_text_is_dropped_with_its_reason(change: dict[str, object], reason: str) -> None:
    verdict = judge(replace(GOOD, **change), NOISE, HINTS)  # type: ignore[arg-type]
    assert verdict is not None
    assert (verdict.reason, verdict.is_invented) == (reason, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"no_speech": 0.7, "log_probability": -0.3}, "not sure"),
        ({"text": "At.", "no_speech": 0.7, "log_probability": -0.3}, "not sure"),  # which is in "Matters", but not told
        ({"text": "on sufathan, sufathan, sufathan, sufathan, sufathan, sufathan, sufathan on these"}, "again and again"),
        ({"end": 0.9}, "faster than anyone speaks"),
    ],
)  # fmt: skip
def test_doubtful_text_is_marked(change: dict[str, object], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audio here is noise, so the voice model's answer is set: there is a voice."""
    monkeypatch.setattr("digest_pipeline.transcripts.recognition.guards.voice_share", lambda *_: 0.9)
    verdict = judge(replace(GOOD, **change), NOISE, HINTS)  # type: ignore[arg-type]
    assert verdict is not None
    assert reason in verdict.reason
    assert not verdict.is_invented


@pytest.mark.parametrize(
    "text", ["Thanks for watching the grid so closely, said nobody.", "No, no, no, we never did that."]
)
def test_plain_talk_passes(text: str) -> None:
    assert judge(replace(GOOD, text=text), NOISE, HINTS) is None
    assert judge(GOOD, NOISE, HINTS) is None


def test_letters_of_three_bytes_are_no_loop() -> None:
    """What Whisper gives compresses the bytes of UTF-8: talk in Hindi or Tamil has 2.5 to 2.8."""
    said = "हर सुबह बिजली का जाल एक ही पल में बने भरोसे पर चलता है और कोई इसे देखता नहीं।"
    assert judge(replace(GOOD, text=said, compression=2.6), NOISE, HINTS) is None
    verdict = judge(replace(GOOD, text=said, compression=7.0), NOISE, HINTS)
    assert verdict is not None
    assert verdict.reason == "a loop"


@pytest.mark.parametrize(
    "text", ["Transcription is the first step in gene expression.", "Captions doubled our watch time on every video."]
)
def test_a_sentence_about_captions_passes_where_there_is_a_voice(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest_pipeline.transcripts.recognition.guards.voice_share", lambda *_: 0.9)
    assert judge(replace(GOOD, text=text), NOISE, HINTS) is None


def test_of_a_run_of_equal_segments_one_stays() -> None:
    texts = ["So.", *["Thank you."] * 8, "Yeah.", "Yeah.", "Well."]
    assert list(without_loops(texts)) == [True, True, *[False] * 7, True, True, True]


def test_hints_are_the_feeds_own_names() -> None:
    text = '<p>How ComfyUI and GPT-4 meet. See <a href="https://example.org/GitHub">DuckDB</a>, write a@exampleOrg.net.</p>'
    episode = Episode(
        "e", "f", "Wide Error Bars", "Cold Mice", None, None, text, None, "en", persons=(Person("Ada Lovelace"),)
    )
    assert hints_of(episode) == Hints("Wide Error Bars. Cold Mice. With Ada Lovelace.", "ComfyUI, GPT-4, DuckDB")


def test_word_times_follow_the_text_however_its_parts_are_cut() -> None:
    parts = [(" long", 0.0, 0.4), ("-term,", 0.4, 0.8), (" we", 1.0, 1.1), (" think", 1.1, 1.5)]
    assert times_of_words("long-term, we think", parts) == ((0.0, 0.8), (1.0, 1.1), (1.1, 1.5))
    assert times_of_words("something else entirely", parts) == ()


def test_a_quote_is_placed_by_its_words_or_else_by_interpolation() -> None:
    times = ((10.0, 10.2), (14.0, 14.4), (14.5, 15.0))
    segment = Segment(0, 10, 15, None, "Right. Grids fail", word_times=times)
    assert (segment.seconds_at(0), segment.seconds_at(7), segment.seconds_at(9)) == (10.0, 14.0, 14.0)
    assert (segment.seconds_at(6, is_end=True), segment.seconds_at(17, is_end=True)) == (10.2, 15.0)
    assert replace(segment, word_times=()).seconds_at(7) == pytest.approx(10 + 5 * 7 / 17)
