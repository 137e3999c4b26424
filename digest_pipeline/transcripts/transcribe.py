"""One episode at a time from feed item to flagged transcript: publisher first, Whisper next, failures by name."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from digest_pipeline.errors import AudioError, DigestError, FetchError, TranscriptError
from digest_pipeline.feeds.fetch import Fetched, Fetcher
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ads import boilerplate_shingles, flag_ads
from digest_pipeline.transcripts.audio import sha256_of
from digest_pipeline.transcripts.publisher import in_order_of_preference, kind_of, parse_transcript
from digest_pipeline.transcripts.whisper import forget_checkpoints, get_transcriber, recognise

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
    (a full disk, a model that cannot be loaded) do raise.
    """
    for done, episode in enumerate(episodes, start=1):
        try:
            transcript = _transcript_of(episode, history, settings)
            transcript = replace(
                transcript,
                segments=flag_ads(
                    transcript.segments,
                    boilerplate_shingles(history.earlier_texts(episode.feed_url, episode.episode_id)),
                ),
            )
        except _SameAudio as same:
            outcome = Outcome(episode, "duplicate", str(same))
        except (FetchError, TranscriptError, AudioError) as error:
            is_final = isinstance(error, AudioError) and "no speech" in str(error)
            outcome = Outcome(episode, "unusable" if is_final else "failed", str(error))
            log.warning("%s · %s: %s", episode.show, episode.title, error)
        else:
            outcome = Outcome(episode, "transcribed", None, transcript)
            if same_talk := history.with_same_talk(transcript):
                reason = f"same talk as {same_talk[0]} (similarity {same_talk[1]:.2f})"
                outcome = replace(outcome, status="duplicate", reason=reason)
        step("transcribe", done, len(episodes), f"{episode.show} · {episode.title} ({_how(outcome)})")
        yield outcome
        if outcome.transcript and outcome.transcript.audio_sha256:
            forget_checkpoints(settings, outcome.transcript.audio_sha256, outcome.transcript.model or "")


def _how(outcome: Outcome) -> str:
    if not outcome.transcript:
        return outcome.reason or outcome.status
    return "publisher's transcript" if outcome.transcript.source == "publisher" else "Whisper"


def _transcript_of(episode: Episode, history: History, settings: Settings) -> Transcript:
    faults = []
    for link in in_order_of_preference(episode.transcripts, episode.language):
        try:
            body = _fetch(link.url, settings).body
            segments = parse_transcript(body, kind_of(link) or "text", duration_seconds=episode.duration_seconds)
        except (FetchError, TranscriptError) as error:
            faults.append(str(error))
            continue
        language = link.language or episode.language
        note = "; ".join(faults) or None
        return Transcript(episode.episode_id, "publisher", None, language, segments, note=note)
    if not episode.audio_url:
        raise TranscriptError("; ".join(faults) or "there is no transcript and no audio")
    return _recognised(episode, "; ".join(faults) or None, history, settings)


def _recognised(episode: Episode, note: str | None, history: History, settings: Settings) -> Transcript:
    path = _download(episode, settings)
    try:
        audio_sha256 = sha256_of(path)
        if same := history.with_audio(audio_sha256, episode.episode_id):
            raise _SameAudio(f"same audio file as {same}")
        transcriber = get_transcriber(settings)
        expected = episode.duration_seconds or 0.0

        def on_piece(seconds: float) -> None:
            share = f" of {expected / 60:.0f}" if expected else ""
            log.info("%s · %s: %.0f%s minutes transcribed", episode.show, episode.title, seconds / 60, share)

        heard = recognise(
            path,
            audio_sha256,
            transcriber,
            settings,
            language=episode.language,
            feed_seconds=episode.duration_seconds,
            on_piece=on_piece,
        )
    finally:
        if not settings.keep_audio:
            path.unlink(missing_ok=True)
    notes = [note, f"{heard.dropped} doubtful segments dropped" if heard.dropped else None]
    return Transcript(
        episode.episode_id,
        "asr",
        transcriber.name,
        heard.language,
        heard.segments,
        audio_sha256=audio_sha256,
        audio_seconds=round(heard.audio_seconds, 2),
        real_time_factor=round(heard.compute_seconds / heard.audio_seconds, 4) if heard.compute_seconds else None,
        note="; ".join(n for n in notes if n) or None,
    )


def _download(episode: Episode, settings: Settings) -> Path:
    folder = settings.home / "audio" if settings.keep_audio else settings.cache / "audio"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{episode.episode_id}.audio"
    if target.exists():
        return target
    url = episode.audio_url or ""
    log.info("%s · %s: downloading %s", episode.show, episode.title, redact(url))

    async def download() -> Fetched:
        async with Fetcher(settings) as fetcher:
            return await fetcher.download(url, target)

    try:
        asyncio.run(download())
    except OSError as error:
        raise DigestError(
            f"{episode.title!r} cannot be stored at {target}: {error.strerror}",
            remedy="make room on the disk and run the day again; what is done is kept",
        ) from error
    return target


def _fetch(url: str, settings: Settings) -> Fetched:
    async def get() -> Fetched:
        async with Fetcher(settings) as fetcher:
            return await fetcher.get(url)

    return asyncio.run(get())
