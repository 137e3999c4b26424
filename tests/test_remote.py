"""A transcription server instead of a model here: OpenAI's API over a real connection, with the real model behind it."""

import io
import json
import re
import traceback
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from digest_pipeline.demo import DemoNetwork
from digest_pipeline.errors import AudioError, ModelError, SettingsError
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, read_pieces
from digest_pipeline.transcripts.recognition.recognise import recognise
from digest_pipeline.transcripts.recognition.remote import _flac
from digest_pipeline.transcripts.recognition.transcriber import Hints
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from tests.conftest import Web

SPOKEN = "five-past-eight--monday-batteries-and-the-long-way-round.mp3"


class TranscriptionServer:
    """Answers ``/audio/transcriptions`` as the API's documentation says, from tiny.en."""

    def __init__(self, web: Web, settings: Settings) -> None:
        self.local: Any = get_transcriber(settings)
        self.forms: list[dict[str, str]] = []
        self.status = 200
        self.reply: bytes | None = None  # what it answers instead of a transcription
        self.error: dict[str, str] = {"message": "overloaded"}
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
        reply = self.transcription(sound) if is_asked else {"error": self.error}
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
    monkeypatch.setattr("digest_pipeline.transcripts.recognition.remote.ATTEMPTS", 1)
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


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_piece_that_is_refused_is_its_episodes_failure(web: Web, remote: Settings, status: int) -> None:
    TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""})).status = status
    with pytest.raises(AudioError, match=f"refuses a piece of it: .*{status}"):
        get_transcriber(remote).transcribe(SECOND, "en", Hints())


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_server_that_refuses_everything_stops_the_run(
    web: Web, remote: Settings, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest_pipeline.transcripts.recognition.remote.ATTEMPTS", 1)
    TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""})).status = status
    with pytest.raises(ModelError, match="does not transcribe"):
        get_transcriber(remote).transcribe(SECOND, "en", Hints())


def test_a_model_without_timed_text_stops_the_run_though_the_request_is_called_bad(web: Web, remote: Settings) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    server.status, server.error = 400, {"message": "not compatible with the model", "param": "response_format"}
    with pytest.raises(ModelError, match="does not transcribe"):
        get_transcriber(remote).transcribe(SECOND, "en", Hints())


@pytest.mark.parametrize(
    ("called", "sent"), [("iw", "he"), ("in", "id"), ("eng", "en"), ("portuguese", "pt"), ("xx", None), (None, None)]
)
def test_a_server_is_told_languages_by_codes_that_it_knows(
    web: Web, remote: Settings, called: str | None, sent: str | None
) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    server.reply = b'{"text": "", "language": "english", "duration": 1.0}'
    assert get_transcriber(remote).transcribe(SECOND, called, Hints()) == ([], sent or "en")
    assert server.forms[0].get("language") == sent


def test_no_secret_of_the_server_is_told(web: Web, remote: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest_pipeline.transcripts.recognition.remote.ATTEMPTS", 1)
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    base = web.url.replace("http://", "http://me:hunter2@") + "/v1"
    secret = remote.model_copy(update={"whisper_api_base": base, "whisper_api_key": SecretStr("sk-1234567890")})
    server.status, server.error = 401, {"message": f"Incorrect API key provided: sk-1234567890 at {base}"}
    with pytest.raises(ModelError, match="Incorrect API key provided: …") as refused:
        get_transcriber(secret).transcribe(SECOND, None, Hints())
    server.status, server.reply = 200, b"<html>Welcome</html>"
    with pytest.raises(ModelError, match="verbose_json") as strange:
        get_transcriber(secret).transcribe(SECOND, None, Hints())
    for caught in (refused, strange):
        shown = "".join(traceback.format_exception(caught.value))
        assert "hunter2" not in shown
        assert "sk-1234567890" not in shown


def test_times_of_a_server_stay_within_the_piece(web: Web, remote: Settings) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    spans = [(-5, 0.5), (0.8, 0.2), (0.5, 9), (7, 9)]
    segments = [{"start": start, "end": end, "text": "Hello."} for start, end in spans]
    server.reply = json.dumps({"text": "Hello.", "segments": segments}).encode()
    heard, _ = get_transcriber(remote).transcribe(SECOND, "en", Hints())
    assert [(h.start, h.end) for h in heard] == [(0, 0.5), (0.8, 0.8), (0.5, 1), (1, 1)]


def test_numbers_of_a_server_that_are_none(web: Web, remote: Settings) -> None:
    server = TranscriptionServer(web, remote.model_copy(update={"whisper_api_base": ""}))
    segment = {"start": 0, "end": 1, "text": "Hello.", "avg_logprob": float("nan"), "no_speech_prob": float("nan")}
    server.reply = json.dumps({"text": "Hello.", "segments": [segment]}).encode()
    heard, _ = get_transcriber(remote).transcribe(SECOND, "en", Hints())
    assert [(h.log_probability, h.no_speech) for h in heard] == [(0, 0)]
    server.reply = json.dumps({"text": "Hello.", "segments": [{**segment, "start": float("nan")}]}).encode()
    with pytest.raises(AudioError, match="times that are no numbers"):
        get_transcriber(remote).transcribe(SECOND, "en", Hints())


def test_words_without_times_leave_their_segment_without(web: Web, remote: Settings) -> None:
    reply = {
        "text": "it fell in 2014 and rose",
        "segments": [{"start": 0, "end": 0.4, "text": "it fell in 2014"}, {"start": 0.4, "end": 1, "text": "and rose"}],
        "words": [
            *({"word": w, "start": i / 10, "end": i / 10 + 0.1} for i, w in enumerate(("it", "fell", "in"))),
            {"word": "2014"},
            {"word": "and", "start": 0.4, "end": 0.6},
            {"word": "rose", "start": 0.6, "end": 0.9},
        ],
    }
    web.put("/v1/audio/transcriptions", json.dumps(reply).encode(), kind="application/json")
    heard, _ = get_transcriber(remote).transcribe(SECOND, "en", Hints())
    assert [h.word_times for h in heard] == [(), ((0.4, 0.6), (0.6, 0.9))]
