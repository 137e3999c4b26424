"""Where an episode's words come from."""

import asyncio
import errno
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from digest_pipeline.errors import DigestError, FetchError, TranscriptError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.fetching.rests import Resting
from digest_pipeline.models import Episode, Transcript, TranscriptLink
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ahead import DiskBudget
from digest_pipeline.transcripts.publisher import formats
from digest_pipeline.transcripts.publisher.cues import Cue
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


def busy(web: Web, path: str, waits: list[str], body: bytes) -> str:
    """Serves a document once the host has asked to wait, a request a wish."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(429 if waits else 200)
        if waits:
            request.send_header("Retry-After", waits.pop(0))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    web.routes[path] = answer
    return f"{web.url}{path}"


VTT = b"WEBVTT\n\n00:00.000 --> 00:30.000\n" + b"The queue for the grid is longer than the grid itself. " * 6


def test_a_transcript_is_waited_for_where_its_host_asks_to_wait(
    web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest_pipeline.feeds.fetching.fetch.PATIENCE_SECONDS", 0.5)
    audio, document = web.put("/a.mp3", b"sound"), busy(web, "/t.vtt", ["1"], VTT)
    assert isinstance(source_of(episode_of(f"{web.url}/feed", audio, document), settings), Transcript)


def test_a_transcript_whose_host_rests_for_long_is_asked_for_again_before_the_audio_is_heard(
    web: Web, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.mp3").write_bytes(b"sound")
    document = busy(web, "/t.vtt", ["3600"] * 9, VTT)
    first = episode_of(f"{web.url}/feed", (tmp_path / "a.mp3").as_uri(), document)
    with pytest.raises(TranscriptError, match="asks to wait 3600 s"):
        source_of(first, settings)
    assert isinstance(source_of(replace(first, attempts=1), settings), Audio)
    assert isinstance(source_of(first, settings.model_copy(update={"max_attempts": 1})), Audio)
    with pytest.raises(Resting):  # such a day does not count
        source_of(replace(first, audio_url=None), settings)


def test_a_translation_beside_the_original_is_taken_only_where_there_is_no_audio(web: Web, settings: Settings) -> None:
    words = "La cola para la red es más larga que la red misma, y casi nada se construirá. " * 4
    document = web.put("/es.vtt", f"WEBVTT\n\n00:00.000 --> 00:30.000\n{words}\n".encode())
    links = (TranscriptLink(f"{web.url}/en.vtt", "text/vtt", "en-US"), TranscriptLink(document, "text/vtt", "es"))
    heard = replace(episode_of(f"{web.url}/feed", web.put("/a.mp3", b"sound")), transcripts=links)
    found = source_of(heard, settings)
    assert isinstance(found, Audio)
    assert "404" in (found.note or "")
    assert "'es' is a translation from 'en'" in (found.note or "")
    alone = source_of(replace(heard, transcripts=links[1:]), settings)  # the feed's language is wrong, more likely
    assert isinstance(alone, Transcript)
    silent = source_of(replace(heard, audio_url=None), settings)
    assert isinstance(silent, Transcript)
    assert silent.language == "es"


def test_a_document_that_breaks_its_reader_falls_back_to_the_audio(
    web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No document is known that does: a reader with a fault stands in."""

    def reader(_text: str) -> list[Cue]:
        raise RecursionError("too deep")

    monkeypatch.setitem(formats.READERS, "vtt", reader)
    audio, document = web.put("/a.mp3", b"sound"), web.put("/t.vtt", b"WEBVTT\n\n")
    found = source_of(episode_of(f"{web.url}/feed", audio, document), settings)
    assert isinstance(found, Audio)
    assert found.note == "the transcript broke its reader: RecursionError"


def test_a_charset_that_only_the_server_names_is_used(web: Web, settings: Settings) -> None:
    words = "Очередь на подключение длиннее самой сети. " * 10
    vtt = f"WEBVTT\n\n00:00.000 --> 01:00.000\n{words}\n"
    document = web.put("/t.vtt", vtt.encode("cp1251"), kind="text/vtt; charset=windows-1251")
    found = source_of(episode_of(f"{web.url}/feed", None, document), settings)
    assert isinstance(found, Transcript)
    assert found.segments[0].text.startswith("Очередь на подключение")


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.EACCES, "let the user who runs the digest read it"), (errno.EIO, "check the disk")]
)
def test_a_file_of_a_folder_that_cannot_be_read_is_its_episodes_failure(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    """Tests may run as root, who may read all: opening fails by hand."""
    file = tmp_path / "a.mp3"
    file.write_bytes(b"sound")
    plain = open

    def opened(path: object, *arguments: object, **options: object) -> object:
        if path == file:
            raise OSError(number, "no")
        return plain(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("io.open", opened)
    monkeypatch.setattr("builtins.open", opened)
    with pytest.raises(FetchError, match=remedy):
        source_of(episode_of(tmp_path.as_uri(), file.as_uri()), settings)


def test_a_file_that_breaks_while_it_is_copied_is_its_episodes_failure(settings: Settings, tmp_path: Path) -> None:
    """The memory of this process is a file whose first byte cannot be read."""
    file = tmp_path / "a.mp3"
    file.symlink_to("/proc/self/mem")
    with pytest.raises(FetchError, match="cannot be read"):
        source_of(episode_of(tmp_path.as_uri(), file.as_uri()), settings)


def test_a_cache_that_cannot_be_written_stops_the_run(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "a.mp3"
    file.write_bytes(b"sound")
    (audio_file(episode_of("f", None), settings).parent / "ep_1.audio.part").mkdir(parents=True)
    with pytest.raises(DigestError, match="cannot be stored") as caught:
        source_of(episode_of(tmp_path.as_uri(), file.as_uri()), settings)
    assert not isinstance(caught.value, FetchError)
