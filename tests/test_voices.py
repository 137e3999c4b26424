"""Voices told apart in recognised audio, with the real diarization model: who speaks, and where one voice gives way."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import ModelError
from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition import voices
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, Samples, read_pieces
from digest_pipeline.transcripts.recognition.hints import hints_of
from digest_pipeline.transcripts.recognition.recognise import recognise
from digest_pipeline.transcripts.recognition.voices import Diarizer, VoiceTurn, get_diarizer, with_voices
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from digest_pipeline.transcripts.speakers import name_speakers
from tests.conftest import SHARED

CLIPS = SHARED / "data" / "audio" / "speechbrain_asr"


@pytest.fixture
def spoken(network: DemoNetwork) -> Path:
    """Two invented presenters who take turns."""
    return network.folder / "audio" / "five-past-eight--monday-batteries-and-the-long-way-round.mp3"


def turns_in(samples: Samples, piece_seconds: float) -> list[VoiceTurn]:
    diarizer = Diarizer()
    for first in range(0, len(samples), int(piece_seconds * SAMPLE_RATE)):
        diarizer.hear(samples[first : first + int(piece_seconds * SAMPLE_RATE)])
    return diarizer.turns()


def samples_of(path: Path) -> Samples:
    return np.concatenate([samples for _, samples in read_pieces(path, 600)])


def test_the_words_of_a_talk_go_to_who_says_them_and_names_to_who_gives_them(
    spoken: Path, settings: Settings, session_home: Path, network: DemoNetwork
) -> None:
    quick = settings.model_copy(update={"home": session_home, "whisper_model": "tiny.en", "diarize": "on"})
    hosts = (Person("Hanna Wells"), Person("Tom Garrow"))
    episode = Episode("e", "https://x/feed", "Five Past Eight", "Monday", None, None, "", None, "en", persons=hosts)
    heard = recognise(
        spoken, "voices", get_transcriber(quick), quick, language="en", hints=hints_of(episode),
        diarizer=get_diarizer(quick),
    )  # fmt: skip
    assert heard.voices == 2
    assert [segment.position for segment in heard.segments] == list(range(len(heard.segments)))
    said = [
        (speaker, " ".join(segment.text for segment in turn))
        for speaker, turn in groupby(heard.segments, key=lambda segment: segment.speaker)
    ]
    script = (network.folder / "scripts" / f"{spoken.stem}.txt").read_text(encoding="utf-8")
    written = [line.split(": ", 1) for line in script.splitlines() if line.strip()]
    assert [speaker for speaker, _ in said] == [
        {"Hanna Wells": "Speaker 1", "Tom Garrow": "Speaker 2"}[name] for name, _ in written
    ]
    assert all(fuzz.ratio(text.lower(), line.lower()) > 60 for (_, text), (_, line) in zip(said, written, strict=True))
    named = {segment.speaker for segment in name_speakers(heard.segments, episode)}
    assert named == {"Hanna Wells", "Tom Garrow"}


def test_hearing_in_pieces_finds_the_same_turns(spoken: Path) -> None:
    samples = samples_of(spoken)[: 90 * SAMPLE_RATE]
    assert turns_in(samples, 20) == turns_in(samples, 90)


@pytest.mark.skipif(not CLIPS.is_dir(), reason=f"no reference clips at {CLIPS}")
def test_two_recorded_people_are_two_voices_and_one_is_one() -> None:
    def clips(person: int) -> Iterator[Samples]:
        return (samples_of(CLIPS / f"spk{person}_snt{sentence}.wav") for sentence in range(1, 7))

    both = [clip for pair in zip(clips(1), clips(2), strict=True) for clip in pair]
    turns = turns_in(np.concatenate(both), 10)
    assert [turn.voice for turn in turns] == [1, 2] * 6
    ends = np.cumsum([len(clip) for clip in both]) / SAMPLE_RATE
    assert np.abs(np.array([turn.end_seconds for turn in turns]) - ends).max() < 0.5
    assert {turn.voice for turn in turns_in(np.concatenate(list(clips(1))), 10)} == {1}


def test_silence_has_no_voices() -> None:
    assert turns_in(np.zeros(20 * SAMPLE_RATE, dtype=np.float32), 5) == []


@pytest.mark.parametrize("seconds", [0.2, 1.2, 6.0])
def test_a_word_after_a_long_silence_harms_nothing(spoken: Path, seconds: float) -> None:
    silence = np.zeros(21 * 60 * SAMPLE_RATE, dtype=np.float32)  # longer talks are clustered in another way
    heard = np.concatenate([silence, samples_of(spoken)[: int(seconds * SAMPLE_RATE)]])
    assert len(turns_in(heard, 300)) <= 2


def timed(text: str, start: float = 0.0) -> Segment:
    """A segment that says a word a second."""
    times = tuple((start + i, start + i + 1.0) for i in range(len(text.split())))
    return Segment(0, start, times[-1][1], None, text, word_times=times)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (4.0, [("Speaker 1", "Is it so dear?"), ("Speaker 2", "It is not dear at all.")]),
        (5.5, [("Speaker 1", "Is it so dear?"), ("Speaker 2", "It is not dear at all.")]),  # heard a little late
        (3.4, [("Speaker 1", "Is it so dear?"), ("Speaker 2", "It is not dear at all.")]),  # heard a little early
        (7.0, [("Speaker 1", "Is it so dear? It is not"), ("Speaker 2", "dear at all.")]),
        (0.0, [("Speaker 2", "Is it so dear? It is not dear at all.")]),
    ],
)
def test_a_segment_is_cut_where_the_voice_changes(change: float, wanted: list[tuple[str, str]]) -> None:
    segment = timed("Is it so dear? It is not dear at all.")
    turns = [VoiceTurn(-1.0, change, 1), VoiceTurn(change, 12.0, 2)]
    found = list(with_voices([segment], turns))
    assert [(part.speaker, part.text) for part in found] == wanted
    assert [word for part in found for word in part.word_times] == list(segment.word_times)
    assert (found[0].start_seconds, found[-1].end_seconds) == (segment.start_seconds, segment.end_seconds)


def test_a_word_or_two_in_mid_sentence_stay_with_who_speaks() -> None:
    turns = [VoiceTurn(0.0, 5.0, 1), VoiceTurn(5.0, 6.0, 2), VoiceTurn(6.0, 12.0, 1)]
    (found,) = with_voices([timed("The price of power fell yeah by half in the last year.")], turns)
    assert found.speaker == "Speaker 1"


def test_between_two_turns_the_nearer_one_counts() -> None:
    turns = [VoiceTurn(0.0, 2.0, 1), VoiceTurn(10.0, 12.0, 2)]
    segments = [Segment(i, at, at + 1, None, "Right.") for i, at in enumerate((0.5, 3.0, 8.0, 11.0, 14.0))]
    assert [s.speaker for s in with_voices(segments, turns)] == [f"Speaker {voice}" for voice in (1, 1, 2, 2, 2)]


def test_without_turns_nobody_is_named() -> None:
    segment = timed("Nobody is heard here.")
    assert list(with_voices([segment], [])) == [segment]


def test_settings_say_whether_voices_are_told_apart(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_diarizer(settings.model_copy(update={"diarize": "off"})) is None
    # the extra cannot be taken out of the environment that the tests run in
    monkeypatch.setattr(voices, "find_spec", lambda name: None)
    assert get_diarizer(settings) is None
    with pytest.raises(ModelError, match="speakers"):
        get_diarizer(settings.model_copy(update={"diarize": "on"}))


def test_features_are_those_that_the_voices_model_was_trained_on(spoken: Path) -> None:
    """Kaldi's, as a library computes them frame by frame."""
    samples = samples_of(spoken)[: 30 * SAMPLE_RATE]
    bank = mel_filter_bank(257, 80, 20.0, 8000.0, SAMPLE_RATE, mel_scale="kaldi", triangularize_in_mel_space=True)
    expected = spectrogram(
        samples, window_function(400, "povey", periodic=False), 400, 160, 512, power=2.0, center=False, preemphasis=0.97,
        mel_filters=bank, mel_floor=float(np.finfo(np.float32).eps), log_mel="log", remove_dc_offset=True,
    ).T  # fmt: skip
    assert voices.features_of(samples) == pytest.approx(expected, abs=0.01)
    assert voices.features_of(np.zeros(400, dtype=np.float32)).shape == (1, 80)
