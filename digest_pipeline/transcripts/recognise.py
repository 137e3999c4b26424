"""Recognition of one file, piece by piece, each checkpointed.

A run that dies in the middle of a three-hour episode continues at the piece it was in: finished pieces lie in the cache
under the audio's hash and all that shapes their text, until the episode's transcript is stored. Memory holds one piece.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from digest_pipeline.errors import AudioError, NoSpeech
from digest_pipeline.models import Segment, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.audio import SAMPLE_RATE, Samples, announced_seconds, check_whole, read_pieces
from digest_pipeline.transcripts.guards import judge, without_loops
from digest_pipeline.transcripts.phrases import phrases_of
from digest_pipeline.transcripts.transcriber import Heard, Hints, Transcriber

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Recognised speech of one file. ``compute_seconds`` counts the model's time in all runs that it took.

    ``dropped`` and ``doubted`` count segments by reason.
    """

    segments: tuple[Segment, ...]
    language: str | None
    audio_seconds: float
    compute_seconds: float
    dropped: dict[str, int]
    doubted: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A checkpoint: what was heard in one piece."""

    language: str | None
    heard: tuple[Heard, ...]
    compute_seconds: float


PIECES = TypeAdapter(_Piece)


def recognise(
    path: Path,
    audio_sha256: str,
    transcriber: Transcriber,
    settings: Settings,
    *,
    language: str | None = None,
    hints: Hints | None = None,
    feed_seconds: float | None = None,
    on_piece: Callable[[float], None] = lambda _: None,
) -> Recognised:
    """Transcribe a file, continuing where an earlier run stopped.

    Args:
        path: the audio file.
        audio_sha256: its hash, the key of its checkpoints.
        transcriber: the model.
        settings: chunk length, longest audio, cache folder.
        language: two letters, when it is known; else detected on the first piece, or on each where languages are mixed.
        hints: names that may be spoken.
        feed_seconds: the duration that the feed announces. Adverts differ between downloads, so half of it is enough.
        on_piece: called with the seconds done after each piece.

    Raises:
        AudioError: too long, truncated, damaged or undecodable.
        NoSpeech: nobody speaks in it.
    """
    hints = hints or Hints()
    announced = announced_seconds(path)
    _check_length(announced or 0.0, settings)
    folder = checkpoint_folder(settings, audio_sha256, transcriber, language, hints)
    folder.mkdir(parents=True, exist_ok=True)
    is_mixed = settings.whisper_language == "segment"
    segments: list[Segment] = []
    dropped: Counter[str] = Counter()
    computed = end = 0.0
    spoken = language
    for index, (offset, samples) in enumerate(read_pieces(path, settings.whisper_chunk_seconds)):
        end = offset + len(samples) / SAMPLE_RATE
        _check_length(end, settings)
        asked = language if is_mixed else spoken
        piece = _checkpointed(folder / f"{index:05d}.json", transcriber, samples, asked, hints)
        computed += piece.compute_seconds
        spoken = spoken or (piece.language if piece.heard else None)
        for heard in piece.heard:
            verdict = judge(heard, samples, hints)
            if verdict and verdict.is_invented:
                dropped[verdict.reason] += 1
            else:
                segments.append(_segment(heard, offset, end, verdict.reason if verdict else None))
        on_piece(end)
    check_whole(end, announced, feed_seconds and feed_seconds / 2)
    kept = [s for s, stays in zip(segments, without_loops([s.text for s in segments]), strict=True) if stays]
    dropped["a loop"] += len(segments) - len(kept)
    if not kept:
        raise NoSpeech("no speech was found in the audio", remedy="nothing to do if it is music or silence")
    return Recognised(
        segments=tuple(
            replace(phrase, position=i)
            for i, phrase in enumerate(phrase for segment in kept for phrase in phrases_of(segment))
        ),
        language=spoken,
        audio_seconds=end,
        compute_seconds=computed,
        dropped=dict(+dropped),
        doubted=dict(Counter(segment.doubt for segment in kept if segment.doubt)),
    )


def checkpoint_folder(
    settings: Settings, audio_sha256: str, transcriber: Transcriber, language: str | None, hints: Hints
) -> Path:
    """Where the finished pieces of one file lie: a folder of the audio, and in it one of what shapes the text."""
    shape = stable_id(
        "t", transcriber.key, str(settings.whisper_chunk_seconds), language or "", hints.prompt, hints.hotwords
    )
    return _pieces_of(settings, audio_sha256) / shape


def forget_checkpoints(settings: Settings, audio_sha256: str) -> None:
    """Drop the pieces of a file whose transcript is stored."""
    shutil.rmtree(_pieces_of(settings, audio_sha256), ignore_errors=True)


def _pieces_of(settings: Settings, audio_sha256: str) -> Path:
    return settings.cache / "transcription" / audio_sha256


def _checkpointed(file: Path, transcriber: Transcriber, samples: Samples, language: str | None, hints: Hints) -> _Piece:
    if file.exists():
        try:
            return PIECES.validate_json(file.read_bytes())
        except ValidationError:
            log.warning("%s is damaged: its piece is transcribed again", file)
    began = time.monotonic()
    heard, spoken = transcriber.transcribe(samples, language, hints)
    piece = _Piece(spoken, tuple(heard), round(time.monotonic() - began, 3))
    draft = file.with_suffix(".part")
    draft.write_bytes(PIECES.dump_json(piece))
    draft.replace(file)
    return piece


def _segment(heard: Heard, offset: float, end: float, doubt: str | None) -> Segment:
    """The segment in the file's own time; the model rounds up to its own grid, so nothing passes the piece's end."""
    return Segment(
        position=0,
        start_seconds=min(end, offset + heard.start),
        end_seconds=min(end, offset + heard.end),
        speaker=None,
        text=heard.text,
        doubt=doubt,
        word_times=tuple((min(end, offset + a), min(end, offset + b)) for a, b in heard.word_times),
    )


def _check_length(seconds: float, settings: Settings) -> None:
    if seconds > settings.max_audio_seconds:
        raise AudioError(
            f"the audio lasts {seconds / 3600:.1f} h or more",
            remedy="raise max_audio_seconds if it shall be transcribed",
        )
