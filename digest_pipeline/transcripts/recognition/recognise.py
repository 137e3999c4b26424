"""Recognition of one file, piece by piece, each a checkpoint. Memory holds one piece."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from digest_pipeline.errors import AudioError, NoSpeech
from digest_pipeline.models import Segment, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition.audio import (
    SAMPLE_RATE,
    announced_seconds,
    check_whole,
    counted_seconds,
    read_pieces,
)
from digest_pipeline.transcripts.recognition.checkpoints import Checkpoint, keep_checkpoints, load_checkpoints
from digest_pipeline.transcripts.recognition.guards import judge, without_loops
from digest_pipeline.transcripts.recognition.phrases import phrases_of
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints, Transcriber
from digest_pipeline.transcripts.recognition.voices import Diarizer, with_voices

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Recognised speech of one file. ``compute_seconds`` counts the model's time in all runs that it took.

    ``model`` is the recogniser's name; ``dropped`` and ``doubted`` count segments by reason; ``voices`` counts
    those that were told apart, 0 where nothing does that.
    """

    segments: tuple[Segment, ...]
    audio_sha256: str
    language: str | None
    model: str
    audio_seconds: float
    compute_seconds: float
    dropped: dict[str, int]
    doubted: dict[str, int]
    voices: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a checkpoint holds: what was heard in one piece."""

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
    diarizer: Diarizer | None = None,
) -> Recognised:
    """Transcribe a file in this process, continuing where an earlier run stopped.

    Args:
        path: the audio file.
        audio_sha256: its hash, the key of its checkpoints.
        transcriber: the model.
        settings: chunk length, longest audio, cache folder.
        language: two letters, when it is known; else detected on the first piece, or on each where languages are mixed.
        hints: names that may be spoken.
        feed_seconds: the duration that the feed announces, where it is believed; half of it is enough.
        diarizer: tells the voices apart.

    Raises:
        AudioError: too long, truncated, damaged or undecodable.
        NoSpeech: nobody speaks in it.
    """
    saved = load_checkpoints(settings, audio_sha256)
    steps = recognising(
        path, audio_sha256, transcriber, settings, saved, language, hints or Hints(), feed_seconds, diarizer
    )
    return keep_checkpoints(steps, settings, audio_sha256)


def recognising(
    path: Path,
    audio_sha256: str,
    transcriber: Transcriber,
    settings: Settings,
    saved: Mapping[str, bytes],
    language: str | None,
    hints: Hints,
    feed_seconds: float | None,
    diarizer: Diarizer | None = None,
) -> Iterator[Checkpoint | Recognised]:
    """Yield a checkpoint for each piece that ``saved`` lacks, then what was recognised. See ``recognise``.

    A checkpoint's name begins with a folder of all that shapes the text, so that another model never takes it for its.
    """
    announced = announced_seconds(path) or 0.0
    if announced > settings.max_audio_seconds:  # which may be FFmpeg's guess from a bit rate that varies
        _check_length(min(announced, counted_seconds(path)), settings)
    shape = stable_id(
        "t", transcriber.key, str(settings.whisper_chunk_seconds), language or "", hints.prompt, hints.hotwords
    )
    is_mixed = settings.whisper_language == "segment"
    segments: list[Segment] = []
    dropped: Counter[str] = Counter()
    computed = end = 0.0
    spoken = language
    for index, (offset, samples) in enumerate(read_pieces(path, settings.whisper_chunk_seconds)):
        end = offset + len(samples) / SAMPLE_RATE
        _check_length(end, settings)
        name = f"{shape}/{index:05d}.json"
        piece = _read(name, saved.get(name))
        if piece is None:
            began = time.monotonic()
            words, heard_language = transcriber.transcribe(samples, language if is_mixed else spoken, hints)
            piece = _Piece(heard_language, tuple(words), round(time.monotonic() - began, 3))
            yield Checkpoint(name, PIECES.dump_json(piece), end)
        if diarizer:
            diarizer.hear(samples)
        computed += piece.compute_seconds
        before = len(segments)
        for heard in piece.heard:
            verdict = judge(heard, samples, hints)
            if verdict and verdict.is_invented:
                dropped[verdict.reason] += 1
            else:
                segments.append(_segment(heard, offset, end, verdict.reason if verdict else None))
        if len(segments) > before:  # of what was only invented the language is invented too
            spoken = spoken or piece.language
    check_whole(path, end, feed_seconds)
    kept = [s for s, stays in zip(segments, without_loops([s.text for s in segments]), strict=True) if stays]
    dropped["a loop"] += len(segments) - len(kept)
    if not kept:
        raise NoSpeech("no speech was found in the audio", remedy="nothing to do if it is music or silence")
    turns = diarizer.turns() if diarizer else []
    phrases = (phrase for segment in with_voices(kept, turns) for phrase in phrases_of(segment))
    yield Recognised(
        segments=tuple(replace(phrase, position=i) for i, phrase in enumerate(phrases)),
        audio_sha256=audio_sha256,
        language=spoken,
        model=transcriber.name,
        audio_seconds=end,
        compute_seconds=computed,
        dropped=dict(+dropped),
        doubted=dict(Counter(segment.doubt for segment in kept if segment.doubt)),
        voices=max((turn.voice for turn in turns), default=0),
    )


def _read(name: str, checkpoint: bytes | None) -> _Piece | None:
    try:
        return PIECES.validate_json(checkpoint) if checkpoint is not None else None
    except ValidationError:
        log.warning("checkpoint %s is damaged: its piece is transcribed again", name)
        return None


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
