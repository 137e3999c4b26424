"""One episode at a time from feed item to flagged transcript: publisher first, Whisper next, failures by name."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from structlog.contextvars import bound_contextvars

from digest_pipeline.errors import AudioError, FetchError, NoSpeech, TranscriptError
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.progress import step
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import fetch_ahead
from digest_pipeline.transcripts.annotate import annotate
from digest_pipeline.transcripts.fingerprint import HEARD_TALK, fingerprint, similarity
from digest_pipeline.transcripts.listen import AudioHistory, Listener, SameAudio
from digest_pipeline.transcripts.recognition.audio import FEED_SHARE
from digest_pipeline.transcripts.recognition.checkpoints import forget_checkpoints
from digest_pipeline.transcripts.recognition.recognise import Recognised
from digest_pipeline.transcripts.source import Audio, audio_file

if TYPE_CHECKING:
    from concurrent.futures import Future

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SameTalk:
    """Another episode with the same words, and how alike they are (0..1)."""

    episode_id: str
    feed_url: str
    similarity: float

    def __str__(self) -> str:
        return f"{self.episode_id} (similarity {self.similarity:.2f})"


class History(AudioHistory, Protocol):
    """What is already stored, as far as transcription asks for it."""

    def with_same_talk(self, transcript: Transcript) -> SameTalk | None:
        """Another episode with the same words."""

    def earlier_texts(self, feed_url: str, episode_id: str) -> list[str]:
        """Transcripts of the feed's other episodes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an episode: ``transcribed``, ``duplicate``, ``unusable`` or ``failed`` (to be tried again).

    ``is_put_off``: it failed since its host asked to be left alone for a while.
    """

    episode: Episode
    status: str
    reason: str | None = None
    transcript: Transcript | None = None
    is_put_off: bool = False


def transcribe_episodes(episodes: Sequence[Episode], history: History, settings: Settings) -> Iterator[Outcome]:
    """Yield one outcome per episode, in order; the caller stores each before it asks for the next.

    A failure of one episode is its outcome, never an exception: the rest of the day goes on. Errors of the machine
    (a full disk, a model that cannot be loaded, a transcription server that is away) do raise. Audio and checkpoints
    are removed once the outcome is stored.
    """
    _sweep(settings)
    listener = Listener(history, settings)
    # An error's traceback keeps the iteration alive, and with it the threads and downloads of a run that is over.
    with closing(fetch_ahead(episodes, listener.fetch, settings, listener.ahead)) as under_way:
        for done, (episode, source) in enumerate(under_way, start=1):
            with bound_contextvars(episode_id=episode.episode_id):
                outcome = _outcome_of(episode, source, history, listener, settings)
                step("transcribe", done, len(episodes), f"{episode.show} · {episode.title} ({_how(outcome)})")
            yield outcome
            _tidy(outcome, settings)


def _outcome_of(
    episode: Episode,
    source: "Future[Transcript | Audio]",
    history: History,
    listener: Listener,
    settings: Settings,
) -> Outcome:
    try:
        transcript = _transcript_of(episode, source.result(), listener)
        same = history.with_same_talk(transcript)
        if same and same.feed_url == episode.feed_url and transcript.source == "publisher" and episode.audio_url:
            linked, transcript = transcript, _heard_after_all(episode, same, listener, settings)
            if similarity(fingerprint(linked.segments), fingerprint(transcript.segments)) < HEARD_TALK:
                same = history.with_same_talk(transcript)
        transcript = annotate(transcript, episode, history.earlier_texts(episode.feed_url, episode.episode_id))
    except SameAudio as error:
        return Outcome(episode, "duplicate", str(error))
    except (FetchError, TranscriptError, AudioError) as error:
        log.warning("%s · %s: %s", episode.show, episode.title, error)
        is_put_off = isinstance(error, FetchError) and error.retry_after_seconds is not None
        status = "unusable" if isinstance(error, NoSpeech) else "failed"
        return Outcome(episode, status, str(error), is_put_off=is_put_off)
    if same:
        return Outcome(episode, "duplicate", f"same talk as {same}", transcript)
    return Outcome(episode, "transcribed", None, transcript)


def _heard_after_all(episode: Episode, same: SameTalk, listener: Listener, settings: Settings) -> Transcript:
    """What is said in the audio of an episode whose transcript is that of another one of its feed.

    The template of a feed may link one transcript from several items: only the audio tells them from a rerun.
    """
    log.info("%s · %s: its transcript is that of %s; its audio decides", episode.show, episode.title, same)
    unlinked = replace(episode, transcripts=())
    with closing(fetch_ahead([unlinked], listener.fetch, settings)) as under_way:
        _, source = next(under_way)
        heard = _transcript_of(episode, source.result(), listener)
    note = f"the publisher's transcript is that of {same}"
    return replace(heard, note="; ".join(filter(None, (note, heard.note))))


def _how(outcome: Outcome) -> str:
    if not outcome.transcript:
        return outcome.reason or outcome.status
    return "publisher's transcript" if outcome.transcript.source == "publisher" else "Whisper"


def _transcript_of(episode: Episode, source: Transcript | Audio, listener: Listener) -> Transcript:
    if isinstance(source, Transcript):
        return source
    heard = listener.hear(episode, source)
    return Transcript(
        episode.episode_id,
        "asr",
        heard.model,
        heard.language,
        heard.segments,
        audio_sha256=heard.audio_sha256,
        audio_seconds=round(heard.audio_seconds, 2),
        real_time_factor=round(heard.compute_seconds / heard.audio_seconds, 4),
        note="; ".join(filter(None, (source.note, *_remarks(heard, episode.duration_seconds or 0.0)))) or None,
    )


def _remarks(heard: Recognised, feed_seconds: float) -> Iterator[str]:
    """What the diarizer found and the guards did, in words, and a duration in the feed that is far off."""
    if heard.audio_seconds < feed_seconds * FEED_SHARE:
        yield f"the audio lasts {heard.audio_seconds:.0f} s, the feed says {feed_seconds:.0f} s"
    if heard.voices:
        yield f"{heard.voices} voice{'s' if heard.voices > 1 else ''} told apart"
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
    left = [p for folder in ("audio", "transcription") for p in (settings.cache / folder).rglob("*")]
    left += (settings.home / "audio").glob("*.audio.part*")  # beside what keep_audio keeps
    for path in left:
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
