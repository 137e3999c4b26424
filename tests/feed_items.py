"""Feed items and stored episodes for tests: the same plain episode, with what a test wants different."""

from datetime import datetime

from digest_pipeline.feeds.evidence import KnownEpisode
from digest_pipeline.models import FeedItem

NOW = datetime(2026, 9, 14, 12)
URL = "https://show.example/feed.xml"
NOTES = "A long description of what is said in this very episode, with names and places."


def item(
    title: str = "One", guid: str | None = "g1", audio: str | None = "https://x.example/1.mp3", **more: object
) -> FeedItem:
    """An episode as its feed lists it."""
    values: dict[str, object] = {
        "guid": guid, "title": title, "published_at": NOW, "link": None, "audio_url": audio, "audio_type": "audio/mpeg",
        "duration_seconds": None, "transcripts": (), "chapters_url": None, "description": NOTES, "language": "en",
    }  # fmt: skip
    return FeedItem(**{**values, **more})  # type: ignore[arg-type]


def known(episode_id: str = "ep_1", **more: object) -> KnownEpisode:
    """The same episode as it is stored."""
    values: dict[str, object] = {
        "episode_id": episode_id, "feed_url": URL, "guid": "g1", "title": "One", "audio_url": "https://x.example/1.mp3",
        "description": NOTES, "duration_seconds": None, "published_at": NOW,
    }  # fmt: skip
    return KnownEpisode(**{**values, **more})  # type: ignore[arg-type]
