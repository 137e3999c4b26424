"""Where an episode's words come from: the publisher's transcript where there is a good one, else the audio file."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from digest_pipeline.errors import DigestError, FetchError, TranscriptError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.folder import local_path
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.models import Episode, Transcript, TranscriptLink
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import DiskBudget
from digest_pipeline.transcripts.download import NoRoom, after_rest, download
from digest_pipeline.transcripts.publisher.choice import in_order_of_preference, is_translation, published_transcript
from digest_pipeline.transcripts.recognition.recognise import Recognised

log = logging.getLogger(__name__)
BLOCK = 1 << 20  # bytes that are copied at a time


@dataclass(frozen=True, slots=True)
class Audio:
    """A file to transcribe; ``note`` says what is wrong with the publisher's transcripts, if there are any.

    ``heard`` is what is said in it, where that is known already.
    """

    path: Path
    note: str | None
    heard: Recognised | None = None


async def fetch_source(
    fetcher: Fetcher, budget: DiskBudget, place: int, episode: Episode, settings: Settings
) -> Transcript | Audio:
    """Read the publisher's transcripts, the best first, and where none will do bring the audio to disk.

    A translation is not what was said, so where there is audio, that is taken instead. A transcript in another language
    alone is none: more likely the feed says the language of its host's form. One whose host asks to be left alone is
    waited for, if need be until the next try of its episode; then that is heard.

    Args:
        fetcher: the client.
        budget: of the disk, where ``place`` is the episode's number in the run.
        place: see ``budget``.
        episode: whose words are wanted.
        settings: bounds and folders.

    Raises:
        TranscriptError: no transcript will do, and there is no audio, or one may do at the next try.
        FetchError: the audio cannot be had, or where there is none, the host of a transcript asks for a rest.
        DigestError: the disk is full.
    """
    rest: FetchError | None = None
    faults, links = [], in_order_of_preference(episode.transcripts, episode.language)
    has_own = bool(links) and not is_translation(links[0], episode.language)
    for link in links:
        if episode.audio_url and has_own and is_translation(link, episode.language):
            faults.append(f"the transcript in {link.language!r} is a translation from {episode.language!r}")
            continue
        try:
            body, charset = await _document(fetcher, link.url, settings.max_feed_bytes)
            transcript = await asyncio.to_thread(_read, body, link, episode, charset)  # downloads go on meanwhile
        except (FetchError, TranscriptError) as error:
            faults.append(str(error))
            if isinstance(error, FetchError) and error.retry_after_seconds is not None:
                rest = error
            continue
        return replace(transcript, note="; ".join(filter(None, (*faults, transcript.note))) or None)
    if rest and not episode.audio_url:
        raise rest
    if not episode.audio_url or (rest and episode.attempts == 0 and settings.max_attempts > 1):
        raise TranscriptError("; ".join(faults) or "there is no transcript and no audio")
    target = audio_file(episode, settings)
    try:
        await _bring(fetcher, budget, place, episode, target, settings.max_audio_bytes)
    except OSError as error:
        raise DigestError(
            f"{episode.title!r} cannot be stored at {target}: {error.strerror}",
            remedy="make room on the disk and run the day again; what is done is kept",
        ) from error
    return Audio(target, "; ".join(faults) or None)


def _read(body: bytes, link: TranscriptLink, episode: Episode, charset: str | None) -> Transcript:
    """A published transcript; a document that breaks its reader is one that will not do.

    Raises:
        TranscriptError: it will not do.
    """
    try:
        return published_transcript(body, link, episode, charset)
    except TranscriptError:
        raise
    except Exception as error:  # readers of strangers' documents name no errors of their own
        log.exception("a transcript of %s broke its reader", episode.title)
        raise TranscriptError(f"the transcript broke its reader: {type(error).__name__}") from error


def audio_file(episode: Episode, settings: Settings) -> Path:
    """Where an episode's audio lies once it is there."""
    folder = settings.home / "audio" if settings.keep_audio else settings.cache / "audio"
    return folder / f"{episode.episode_id}.audio"


async def _bring(
    fetcher: Fetcher, budget: DiskBudget, place: int, episode: Episode, target: Path, most_bytes: int
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    url = episode.audio_url or ""
    if file := local_path(url):
        await budget.room_for(place, _check_file(file, most_bytes))
        await asyncio.to_thread(_copy, file, target)
    while not target.exists():
        log.info("%s · %s: downloading %s", episode.show, episode.title, redact(url))
        try:
            await download(fetcher, url, target, most_bytes, admit=lambda size: budget.admit(place, size))
        except NoRoom as full:
            await budget.room_for(place, full.size)
    budget.admit(place, target.stat().st_size)


async def _document(fetcher: Fetcher, url: str, most_bytes: int) -> tuple[bytes, str | None]:
    """A document, and the charset that its server names."""
    if file := local_path(url):
        _check_file(file, most_bytes)
        with _reading(file):
            return file.read_bytes(), None
    answer = await after_rest(fetcher.get)(url)
    about = Message()
    about["content-type"] = answer.headers.get("content-type", "")
    return answer.body, about.get_content_charset()


def _check_file(file: Path, most_bytes: int) -> int:
    """The file's size.

    Raises:
        FetchError: it is gone, too large, or cannot be looked at.
    """
    with _reading(file):
        if not file.is_file():
            raise FetchError(f"{file} is not there any more")
        size = file.stat().st_size
    if size > most_bytes:
        raise FetchError(f"{file} is larger than {most_bytes} bytes", remedy="raise the limit in the settings")
    return size


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn what fails while a folder's file is read into its episode's failure: the disk here may be well.

    Raises:
        FetchError: the file cannot be read.
    """
    try:
        yield
    except PermissionError as error:
        remedy = "let the user who runs the digest read it, or take it out of the folder"
        raise FetchError(f"{file} may not be read: {error.strerror}", remedy=remedy) from error
    except OSError as error:
        remedy = "check the disk or network share that it lies on"
        raise FetchError(f"{file} cannot be read: {error.strerror}", remedy=remedy) from error


def _copy(file: Path, target: Path) -> None:
    """Transcription removes its audio: it works on a copy, which appears only when it is complete."""
    draft = target.with_name(f"{target.name}.part")
    with _reading(file):
        source = file.open("rb")
    with source, draft.open("wb") as copy:
        while block := _block(source, file):
            copy.write(block)
    draft.replace(target)


def _block(source: BinaryIO, file: Path) -> bytes:
    with _reading(file):
        return source.read(BLOCK)
