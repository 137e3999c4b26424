"""One episode at a time from feed item to flagged transcript: publisher first, Whisper next, failures by name."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from structlog.contextvars import bound_contextvars

from digest_pipeline.errors import AudioError, FetchError, NoSpeech, TranscriptError
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import fetch_ahead
from digest_pipeline.transcripts.annotate import annotate
from digest_pipeline.transcripts.audio import sha256_of
from digest_pipeline.transcripts.hints import hints_of
from digest_pipeline.transcripts.recognise import Recognised, forget_checkpoints, recognise
from digest_pipeline.transcripts.source import Audio, audio_file, fetch_source
from digest_pipeline.transcripts.transcriber import Hints
from digest_pipeline.transcripts.whisper import get_transcriber

if TYPE_CHECKING:
    from concurrent.futures import Future

log = logging.getLogger(__name__)


class History(Protocol):
    """What is already stored, as far as transcription asks for it."""

    def with_audio(self, audio_sha256: str, episode_id: str) -> str | None:
        """Another episode with the same file."""

    def with_same_talk(self, transcript: Transcript) -> tuple[str, float] | None:
        """Another episode with the same words, and how alike they are."""

    def earlier_texts(self, feed_url: str, episode_id: str) -> list[str]:
        """Transcripts of the feed's other episodes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an episode: ``transcribed``, ``duplicate``, ``unusable`` or ``failed`` (to be tried again)."""

    episode: Episode
    status: str
    reason: str | None = None
    transcript: Transcript | None = None


class _SameAudio(Exception):
    """The file is already transcribed as another episode."""


def transcribe_episodes(episodes: Sequence[Episode], history: History, settings: Settings) -> Iterator[Outcome]:
    """Yield one outcome per episode, in order; the caller stores each before it asks for the next.

    A failure of one episode is its outcome, never an exception: the rest of the day goes on. Errors of the machine
    (a full disk, a model that cannot be loaded, a transcription server that is away) do raise. Audio and checkpoints
    are removed once the outcome is stored.
    """
    _sweep(settings)
    fetch = partial(fetch_source, settings=settings)
    for done, (episode, source) in enumerate(fetch_ahead(episodes, fetch, settings), start=1):
        with bound_contextvars(episode_id=episode.episode_id):
            outcome = _outcome_of(episode, source, history, settings)
            step("transcribe", done, len(episodes), f"{episode.show} · {episode.title} ({_how(outcome)})")
        yield outcome
        _tidy(outcome, settings)


def _outcome_of(
    episode: Episode, source: "Future[Transcript | Audio]", history: History, settings: Settings
) -> Outcome:
    try:
        transcript = _transcript_of(episode, source.result(), history, settings)
        transcript = annotate(transcript, episode, history.earlier_texts(episode.feed_url, episode.episode_id))
    except _SameAudio as same:
        return Outcome(episode, "duplicate", str(same))
    except (FetchError, TranscriptError, AudioError) as error:
        log.warning("%s · %s: %s", episode.show, episode.title, error)
        return Outcome(episode, "unusable" if isinstance(error, NoSpeech) else "failed", str(error))
    if same_talk := history.with_same_talk(transcript):
        reason = f"same talk as {same_talk[0]} (similarity {same_talk[1]:.2f})"
        return Outcome(episode, "duplicate", reason, transcript)
    return Outcome(episode, "transcribed", None, transcript)


def _how(outcome: Outcome) -> str:
    if not outcome.transcript:
        return outcome.reason or outcome.status
    return "publisher's transcript" if outcome.transcript.source == "publisher" else "Whisper"


def _transcript_of(episode: Episode, source: Transcript | Audio, history: History, settings: Settings) -> Transcript:
    if isinstance(source, Transcript):
        return source
    audio_sha256 = sha256_of(source.path)
    if same := history.with_audio(audio_sha256, episode.episode_id):
        raise _SameAudio(f"same audio file as {same}")
    transcriber = get_transcriber(settings, episode.whisper_model)
    expected = episode.duration_seconds or 0.0

    def on_piece(seconds: float) -> None:
        share = f" of {expected / 60:.0f}" if expected else ""
        log.info("%s · %s: %.0f%s minutes transcribed", episode.show, episode.title, seconds / 60, share)

    heard = recognise(
        source.path,
        audio_sha256,
        transcriber,
        settings,
        language=episode.language if settings.whisper_language == "feed" else None,
        hints=hints_of(episode) if settings.whisper_hints else Hints(),
        feed_seconds=episode.duration_seconds,
        on_piece=on_piece,
    )
    return Transcript(
        episode.episode_id,
        "asr",
        transcriber.name,
        heard.language,
        heard.segments,
        audio_sha256=audio_sha256,
        audio_seconds=round(heard.audio_seconds, 2),
        real_time_factor=round(heard.compute_seconds / heard.audio_seconds, 4),
        note="; ".join(filter(None, (source.note, *_doubts(heard)))) or None,
    )


def _doubts(heard: Recognised) -> Iterator[str]:
    """What the guards did, in words."""
    for counts, what in ((heard.dropped, "dropped"), (heard.doubted, "marked")):
        for reason, count in sorted(counts.items()):
            yield f"{count} segment{'s' if count > 1 else ''} {what}: {reason}"


def _tidy(outcome: Outcome, settings: Settings) -> None:
    """Remove what the stored outcome needs no more. A partial download stays: a later day continues it."""
    transcript = outcome.transcript
    if not (settings.keep_audio and transcript):  # a broken file must not be taken for the episode again
        audio_file(outcome.episode, settings).unlink(missing_ok=True)
    if transcript and transcript.audio_sha256:
        forget_checkpoints(settings, transcript.audio_sha256)


def _sweep(settings: Settings) -> None:
    """Remove what abandoned runs left in the cache long ago: episodes whose feed was removed, files that changed."""
    oldest = time.time() - settings.keep_cache_days * 86_400
    for path in (p for folder in ("audio", "transcription") for p in (settings.cache / folder).rglob("*")):
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
