"""A transcription server instead of a model here: OpenAI's API over a real connection, with the real model behind it."""

import io
import json
import re
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import ModelError, SettingsError
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.audio import SAMPLE_RATE, read_pieces
from digest_pipeline.transcripts.recognise import recognise
from digest_pipeline.transcripts.remote import _flac
from digest_pipeline.transcripts.transcriber import Hints
from digest_pipeline.transcripts.whisper import get_transcriber
from tests.conftest import Web

SPOKEN = "five-past-eight--monday-batteries-and-the-long-way-round.mp3"


class TranscriptionServer:
    """Answers ``/audio/transcriptions`` as the API's documentation says, from tiny.en."""

    def __init__(self, web: Web, settings: Settings) -> None:
        self.local: Any = get_transcriber(settings)
        self.forms: list[dict[str, str]] = []
        self.status = 200
        self.reply: bytes | None = None  # what it answers instead of a transcription
        web.routes["/v1/audio/transcriptions"] = self

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        message: Any = BytesParser().parsebytes(head + body)
        parts: dict[str, bytes] = {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
            for part in message.get_payload()
        }
        sound = parts.pop("file")
        self.forms.append({name: value.decode() for name, value in parts.items()})
        self.forms[-1]["authorization"] = request.headers["Authorization"]
        is_asked = self.status == 200 and self.reply is None
        reply = self.transcription(sound) if is_asked else {"error": {"message": "overloaded"}}
        answer = json.dumps(reply).encode() if self.reply is None else self.reply
        request.send_response(self.status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def transcription(self, sound: bytes) -> dict[str, Any]:
        segments, info = self.local._pipeline.transcribe(io.BytesIO(sound), language="en", **self.local._options)
        found = list(segments)
        fields = ("id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")  # fmt: skip
        return {
            "task": "transcribe", "language": "english", "duration": info.duration, "text": "".join(s.text for s in found),
            "segments": [{name: getattr(s, name) for name in fields} for s in found],
            "words": [{"word": re.sub(r"[^\w'-]", "", w.word), "start": w.start, "end": w.end} for s in found for w in s.words],
        }  # fmt: skip


@pytest.fixture
def remote(web: Web, settings: Settings) -> Settings:
    return settings.model_copy(update={"whisper_model": "tiny.en", "whisper_api_base": f"{web.url}/v1"})


def test_a_server_transcribes_as_the_model_here_does(
    web: Web, remote: Settings, network: DemoNetwork, tmp_path: Path
) -> None:
    local = remote.model_copy(update={"whisper_api_base": ""})
    server = TranscriptionServer(web, local)
    _, samples = next(read_pieces(network.folder / "audio" / SPOKEN, 45))
    path = tmp_path / "short.flac"
    path.write_bytes(_flac(samples))
    here = recognise(path, "here", get_transcriber(local), local, language="en")
    there = recognise(path, "there", get_transcriber(remote), remote, language="en", hints=Hints("Five Past Eight."))
    assert [s.text for s in there.segments] == [s.text for s in here.segments]
    assert [s.start_seconds for s in there.segments] == [s.start_seconds for s in here.segments]
    timed = [s for s in there.segments if s.word_times]
    assert len(timed) >= len(there.segments) / 2
    assert server.forms[0]["model"] == "tiny.en"
    assert server.forms[0]["prompt"] == "Five Past Eight."
    assert server.forms[0]["response_format"] == "verbose_json"


def test_a_server_that_fails_stops_the_run_and_not_the_episode(
    web: Web, remote: Settings, network: DemoNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest_pipeline.transcripts.remote.ATTEMPTS", 1)
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    server.status = 503
    path = network.folder / "audio" / SPOKEN
    with pytest.raises(ModelError, match="does not transcribe.*whisper_api_base"):
        recognise(path, "down", get_transcriber(remote), remote, language="en")


SECOND = np.zeros(SAMPLE_RATE, np.float32)


@pytest.mark.parametrize(
    "reply",
    [
        b'{"text": "hello there"}',
        b'{"text": "hello there", "language": "en", "duration": "1"}',
        b'{"text": "hello there", "language": "en", "duration": 1, "segments": []}',
        b'{"text": "hello", "language": "en", "segments": [{"text": "hello"}]}',
        b'{"error": "no such model"}',
        b'"hello there"',
        b"hello there",
        b"<html>Welcome</html>",
        b"",
    ],
)
def test_a_reply_without_segments_stops_the_run_by_name(web: Web, remote: Settings, reply: bytes) -> None:
    TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""})).reply = reply
    with pytest.raises(ModelError, match="does not give verbose_json with segments"):
        get_transcriber(remote).transcribe(SECOND, None, Hints())


def test_a_reply_without_a_language_is_read(web: Web, remote: Settings) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    server.reply = b'{"text": "Hello.", "language": null, "segments": [{"start": 0, "end": 0.8, "text": " Hello."}]}'
    heard, language = get_transcriber(remote).transcribe(SECOND, None, Hints())
    assert ([(h.start, h.end, h.text) for h in heard], language) == ([(0.0, 0.8, "Hello.")], None)


def test_a_reply_without_text_is_silence(web: Web, remote: Settings) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    server.reply = b'{"text": "", "language": "en", "duration": 1.0}'
    assert get_transcriber(remote).transcribe(SECOND, None, Hints()) == ([], "en")


def test_a_server_needs_a_models_name(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_WHISPER_API_BASE", "http://127.0.0.1:9/v1")
    with pytest.raises(SettingsError, match="whisper_model"):
        load_settings()
