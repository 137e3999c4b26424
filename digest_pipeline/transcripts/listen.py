"""Audio to text on the pool that the settings name; this process keeps every finished piece."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Lock
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from structlog.contextvars import bound_contextvars

from digest_pipeline.compute import SharedFile, get_pool
from digest_pipeline.errors import AudioError, DigestError, WorkerLost
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import DiskBudget
from digest_pipeline.transcripts.recognition.audio import WHOLE_SHARE, sha256_of
from digest_pipeline.transcripts.recognition.checkpoints import Checkpoint, keep_checkpoints, load_checkpoints
from digest_pipeline.transcripts.recognition.hints import hints_of
from digest_pipeline.transcripts.recognition.recognise import Recognised, recognising
from digest_pipeline.transcripts.recognition.transcriber import Hints
from digest_pipeline.transcripts.recognition.voices import get_diarizer
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from digest_pipeline.transcripts.source import Audio, fetch_source

log = logging.getLogger(__name__)
ATTEMPTS = 3  # workers that one episode may lose
WAITING = 2  # files that are sent while the workers are busy


class SameAudio(Exception):
    """The file is already transcribed as another episode."""


class AudioHistory(Protocol):
    """What is already stored, as far as files go."""

    def with_audio(self, audio_sha256: str, episode_id: str) -> str | None:
        """Another episode with the same file."""


class Listener:
    """Transcribes the audio of a run's episodes.

    ``ahead`` is how many of them at once, ahead of the one that is stored next; 0 where this process computes.
    """

    def __init__(self, history: AudioHistory, settings: Settings) -> None:
        self._history, self._settings = history, settings
        self._pool = get_pool(settings)
        self.ahead = self._pool.workers and self._pool.workers + WAITING
        self._places = CapacityLimiter(self.ahead or 1)
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)  # of episodes with the same file

    async def fetch(self, fetcher: Fetcher, budget: DiskBudget, place: int, episode: Episode) -> Transcript | Audio:
        """What ``fetch_source`` brings. Audio is transcribed at once where others than this process compute."""
        source = await fetch_source(fetcher, budget, place, episode, self._settings)
        if self.ahead and isinstance(source, Audio):
            with bound_contextvars(episode_id=episode.episode_id):
                hear = to_thread.run_sync(self.hear, episode, source, limiter=self._places, abandon_on_cancel=True)
                return replace(source, heard=await hear)
        return source

    def hear(self, episode: Episode, audio: Audio) -> Recognised:
        """What is said in an episode's audio. Threads may call it.

        Raises:
            SameAudio: it is stored as another episode's.
            AudioError: see ``recognise``; or each of several workers was lost over it.
            DigestError: somebody removed it before it was used.
        """
        try:
            return self._heard(episode, audio)
        except FileNotFoundError as error:
            raise DigestError(
                f"{audio.path} is gone while it is transcribed",
                remedy="leave the cache alone while a run goes on, and run the day again",
            ) from error

    def _heard(self, episode: Episode, audio: Audio) -> Recognised:
        audio_sha256 = audio.heard.audio_sha256 if audio.heard else sha256_of(audio.path)
        with self._turns[audio_sha256]:
            if same := self._history.with_audio(audio_sha256, episode.episode_id):
                raise SameAudio(f"same audio file as {same}")
            return audio.heard or self._recognise(episode, audio, audio_sha256)

    def _recognise(self, episode: Episode, audio: Audio, audio_sha256: str) -> Recognised:
        settings = self._settings
        language = episode.language if settings.whisper_language == "feed" else None
        hints = hints_of(episode) if settings.whisper_hints else Hints()
        expected = episode.duration_seconds or 0.0

        def on_piece(seconds: float) -> None:
            share = f" of {expected / 60:.0f}" if expected else ""
            log.info("%s · %s: %.0f%s minutes transcribed", episode.show, episode.title, seconds / 60, share)

        # A file with all the bytes that the feed announces is whole: then its announced duration is a mistake.
        has_its_bytes = episode.audio_bytes and audio.path.stat().st_size >= episode.audio_bytes * WHOLE_SHARE
        believed = None if has_its_bytes else episode.duration_seconds
        file = self._pool.share(audio.path)
        for _ in range(ATTEMPTS):
            saved = load_checkpoints(settings, audio_sha256)
            steps = self._pool.stream(
                recognise_file,
                settings,
                file,
                audio_sha256,
                episode.whisper_model,
                saved,
                language,
                hints,
                believed,
            )
            try:
                return keep_checkpoints(steps, settings, audio_sha256, on_piece)
            except WorkerLost as lost:
                log.warning("%s · %s: %s", episode.show, episode.title, lost.said)
        raise AudioError(
            f"{ATTEMPTS} workers were lost while they transcribed it", remedy="give a worker more memory, or look why"
        )


def recognise_file(
    settings: Settings,
    file: SharedFile,
    audio_sha256: str,
    model: str | None,
    saved: Mapping[str, bytes],
    language: str | None,
    hints: Hints,
    feed_seconds: float | None,
) -> Iterator[Checkpoint | Recognised]:
    """What a worker does: ``recognising`` with the model that it keeps loaded, the feed's own or the settings'."""
    transcriber, diarizer = get_transcriber(settings, model), get_diarizer(settings)
    with file.here() as path:
        yield from recognising(
            path, audio_sha256, transcriber, settings, saved, language, hints, feed_seconds, diarizer
        )
