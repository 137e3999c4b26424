"""A folder of audio files as a feed: each file an episode, with the transcript that lies beside it."""

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import av

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.parsing.podcast_elements import AUDIO_SUFFIXES
from digest_pipeline.models import FeedItem, ParsedFeed, TranscriptLink

TRANSCRIPT_TYPES = {
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".json": "application/json",
    ".html": "text/html",
    ".txt": "text/plain",
}


def local_path(url: str) -> Path | None:
    """The folder or file that a ``file:`` address names; ``None`` for other addresses.

    Only a folder that an operator subscribed to gives such addresses: feeds are held to http and https.
    """
    parts = urlsplit(url)
    return Path(os.fsdecode(unquote_to_bytes(parts.path))) if parts.scheme == "file" else None


def read_folder(url: str) -> ParsedFeed:
    """What a folder holds, newest file first. A file is known again by its name and size.

    Raises:
        FeedError: there is no such folder.
    """
    folder = local_path(url)
    if folder is None or not folder.is_dir():
        raise FeedError(f"{folder or url} is no folder", remedy="check its path, or `digest feeds remove` it")
    files = [path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()]
    files.sort(key=lambda path: (-path.stat().st_mtime, path.name))
    return ParsedFeed(
        title=_decoded(folder.name), link=None, language=None, items=tuple(_item(path, folder) for path in files)
    )


def _item(path: Path, folder: Path) -> FeedItem:
    facts = path.stat()
    title, duration = _tags(path)
    beside = [(path.with_suffix(suffix), kind) for suffix, kind in TRANSCRIPT_TYPES.items()]
    return FeedItem(
        guid=f"{_decoded(path.relative_to(folder).as_posix())}:{facts.st_size}",
        title=title or _decoded(path.stem).replace("_", " "),
        published_at=datetime.fromtimestamp(int(facts.st_mtime), UTC).replace(tzinfo=None),
        link=None,
        audio_url=path.as_uri(),
        audio_type=None,
        duration_seconds=duration,
        transcripts=tuple(TranscriptLink(file.as_uri(), kind) for file, kind in beside if file.is_file()),
        chapters_url=None,
        description="",
        language=None,
        audio_bytes=facts.st_size,
    )


def _tags(path: Path) -> tuple[str, float | None]:
    """(title, seconds) as the file says; nothing for one that cannot be read, which transcription will report."""
    try:
        with av.open(str(path), metadata_errors="surrogateescape") as container:
            title = _decoded(container.metadata.get("title", ""))
            return " ".join(title.split()), container.duration / av.time_base if container.duration else None
    except (av.FFmpegError, OSError, ValueError):
        return "", None


def _decoded(text: str) -> str:
    """A tag or file name whose bytes may be no UTF-8: neither names its encoding; old programs took that of Windows."""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
