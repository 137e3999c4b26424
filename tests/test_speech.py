"""Audio and recognition with the real packaged model: whole, truncated, silent, interrupted."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import AudioError, NoSpeech
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, Samples, read_pieces, sha256_of
from digest_pipeline.transcripts.recognition.checkpoints import forget_checkpoints
from digest_pipeline.transcripts.recognition.recognise import Recognised, recognise
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from digest_pipeline.words import normalise_words


def recording_of(network: DemoNetwork) -> Path:
    """A few minutes of the demo's audio."""
    return network.folder / "audio" / "five-past-eight--monday-batteries-and-the-long-way-round.mp3"


@pytest.fixture
def spoken(network: DemoNetwork) -> Path:
    return recording_of(network)


class Counting:
    """The real model, counting the seconds it is given; breaks off when told."""

    def __init__(self, settings: Settings, break_after: int | None = None) -> None:
        self._inner = get_transcriber(settings)
        self.name, self.key = self._inner.name, self._inner.key
        self.pieces: list[float] = []
        self.break_after = break_after

    def transcribe(self, samples: Samples, language: str | None, hints: Hints) -> tuple[list[Heard], str | None]:
        if self.break_after is not None and len(self.pieces) >= self.break_after:
            raise KeyboardInterrupt
        self.pieces.append(len(samples) / SAMPLE_RATE)
        return self._inner.transcribe(samples, language, hints)


QUICK = {"whisper_model": "tiny.en", "whisper_chunk_seconds": 60.0}


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """The small English model and short pieces."""
    return settings.model_copy(update=QUICK)


@pytest.fixture(scope="module")
def undisturbed(network: DemoNetwork, session_home: Path) -> tuple[Recognised, list[float]]:
    """What is recognised without a break, and the seconds of the pieces."""
    quick = load_settings().model_copy(update=QUICK)
    counting = Counting(quick)
    heard = recognise(recording_of(network), "undisturbed", counting, quick, language="en")
    forget_checkpoints(quick, "undisturbed")
    return heard, counting.pieces


def test_pieces_cover_the_file_without_gap_or_overlap(spoken: Path) -> None:
    pieces = list(read_pieces(spoken, 30))
    whole = np.concatenate([samples for _, samples in read_pieces(spoken, 10_000)])
    assert np.array_equal(np.concatenate([samples for _, samples in pieces]), whole)
    assert max(len(samples) for _, samples in pieces) <= 30 * SAMPLE_RATE
    assert [start for start, _ in pieces][1] == pytest.approx(len(pieces[0][1]) / SAMPLE_RATE)


def test_an_interrupted_recognition_continues_where_it_stopped(
    spoken: Path, quick: Settings, undisturbed: tuple[Recognised, list[float]]
) -> None:
    sha = sha256_of(spoken)
    wanted, pieces = undisturbed
    interrupted = Counting(quick, break_after=2)
    with pytest.raises(KeyboardInterrupt):
        recognise(spoken, sha, interrupted, quick, language="en")
    resumed = Counting(quick)
    found = recognise(spoken, sha, resumed, quick, language="en")
    assert found.segments == wanted.segments
    assert interrupted.pieces + resumed.pieces == pieces
    assert found.compute_seconds > wanted.compute_seconds / 3  # the time of the interrupted run is in it
    forget_checkpoints(quick, sha)
    assert not list((quick.cache / "transcription").iterdir())


def test_recognised_words_are_the_script(
    spoken: Path, undisturbed: tuple[Recognised, list[float]], network: DemoNetwork
) -> None:
    heard, _ = undisturbed
    script = (network.folder / "scripts" / f"{spoken.stem}.txt").read_text(encoding="utf-8")
    said = {word for line in script.splitlines() for word in normalise_words(line.split(": ", 1)[-1])}
    words = [word for segment in heard.segments for word in normalise_words(segment.text)]
    assert sum(word in said for word in words) / len(words) > 0.85
    times = [(s.start_seconds, s.end_seconds) for s in heard.segments]
    assert times == sorted(times)
    assert 0 <= times[0][0] < times[-1][1] <= heard.audio_seconds + 0.5


def write_audio(path: Path, samples: Samples) -> None:
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("kind", ["silence", "noise"])
def test_audio_without_speech_gives_no_text(kind: str, quick: Settings, tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    samples = np.zeros(SAMPLE_RATE * 8) if kind == "silence" else generator.normal(0, 0.05, SAMPLE_RATE * 8)
    path = tmp_path / f"{kind}.wav"
    write_audio(path, samples.astype(np.float32))
    with pytest.raises(NoSpeech, match="no speech"):
        recognise(path, kind, get_transcriber(quick), quick)


def test_truncated_audio_is_refused_by_name(spoken: Path, quick: Settings, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(spoken.read_bytes()[: spoken.stat().st_size // 3])
    with pytest.raises(AudioError, match="truncated"):
        recognise(cut, "cut", get_transcriber(quick), quick, language="en", feed_seconds=222)


@pytest.mark.parametrize("body", [b"", b"<html>404 not found</html>", b"ID3\x04" + b"\x00" * 200])
def test_what_is_no_audio_is_refused_by_name(body: bytes, quick: Settings, tmp_path: Path) -> None:
    path = tmp_path / "bad.mp3"
    path.write_bytes(body)
    with pytest.raises(AudioError, match="audio|decode"):
        recognise(path, "bad", get_transcriber(quick), quick)


def test_audio_that_is_too_long_is_not_begun(spoken: Path, quick: Settings) -> None:
    counting = Counting(quick)
    with pytest.raises(AudioError, match="max_audio_seconds"):
        recognise(spoken, "long", counting, quick.model_copy(update={"max_audio_seconds": 60.0}))
    assert counting.pieces == []


def test_finding_voices_reports_nothing_to_anybody(tmp_path: Path) -> None:
    code = (
        "import numpy as np; from digest_pipeline.transcripts.recognition.guards import voice_share;"
        " print(voice_share(np.zeros(16000, np.float32), 0, 1))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "HOME": str(tmp_path)}, check=True, capture_output=True
    )
    assert done.stdout.strip() == b"0.0"
    assert not list(tmp_path.rglob("*onnxruntime*"))  # where it keeps what it is about to report
