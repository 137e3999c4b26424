"""Where an episode's words come from."""

import asyncio

from digest_pipeline.feeds.fetch import Fetcher
from digest_pipeline.models import Episode, Transcript, TranscriptLink
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import DiskBudget
from digest_pipeline.transcripts.source import Audio, audio_file, fetch_source
from tests.conftest import Web


def source_of(episode: Episode, settings: Settings) -> Transcript | Audio:
    async def go() -> Transcript | Audio:
        async with Fetcher(settings) as fetcher:
            return await fetch_source(fetcher, DiskBudget(10**9), 0, episode, settings)

    return asyncio.run(go())


def episode_of(feed: str, audio: str | None, *transcripts: str) -> Episode:
    links = tuple(TranscriptLink(url, "text/vtt") for url in transcripts)
    return Episode("ep_1", feed, "Show", "Title", audio, None, "", None, "en", links)


def test_audio_is_brought_where_no_transcript_will_do_and_the_note_says_why(web: Web, settings: Settings) -> None:
    audio, bad = web.put("/a.mp3", b"sound"), web.put("/t.vtt", b"WEBVTT\n\n")
    found = source_of(episode_of(f"{web.url}/feed", audio, bad, f"{web.url}/gone.vtt"), settings)
    assert isinstance(found, Audio)
    assert found.path.read_bytes() == b"sound"
    assert found.path == audio_file(episode_of("f", audio), settings)
    assert "words" in (found.note or "")
    assert "404" in (found.note or "")
