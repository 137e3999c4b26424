"""Recognition on another machine: any server that speaks OpenAI's transcription API (speaches, vLLM, OpenAI itself)."""

import io
from typing import TYPE_CHECKING

import av
import numpy as np
from pydantic import BaseModel, ValidationError

from digest_pipeline.errors import ModelError
from digest_pipeline.transcripts.audio import FULL_SCALE, SAMPLE_RATE, Samples
from digest_pipeline.transcripts.transcriber import Heard, Hints

if TYPE_CHECKING:
    from openai import OpenAI

TIMEOUT_SECONDS = 900.0
ATTEMPTS = 4
MAX_CODE_LETTERS = 3


class _Word(BaseModel):
    start: float
    end: float


class _Segment(_Word):
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None


class _Reply(BaseModel):
    """What is read of ``verbose_json``."""

    text: str
    language: str | None = None
    segments: list[_Segment] | None = None
    words: list[_Word] | None = None


class RemoteTranscriber:
    """A model behind ``POST {base}/audio/transcriptions``. A piece goes out as FLAC: half of WAV, and lossless."""

    def __init__(self, base: str, name: str, key: str, *, word_times: bool = True) -> None:
        self.name = name
        self.key = f"{base} {name} words={word_times}"
        self._base, self._secret, self._word_times = base, key, word_times

    def _client(self) -> "OpenAI":
        """A client for one piece: minutes of audio lie between two requests, so a connection kept would be stale."""
        from openai import OpenAI

        return OpenAI(
            base_url=self._base, api_key=self._secret or "none", timeout=TIMEOUT_SECONDS, max_retries=ATTEMPTS - 1
        )

    def transcribe(self, samples: Samples, language: str | None, hints: Hints) -> tuple[list[Heard], str | None]:
        """See ``Transcriber``.

        Raises:
            ModelError: the server does not answer, or not with a transcription. It is the server's failure, not the
                episode's: the run stops, and the next one continues here.
        """
        from openai import OpenAIError, omit

        try:
            with self._client() as client:
                answer = client.audio.transcriptions.with_raw_response.create(
                    file=("piece.flac", _flac(samples), "audio/flac"),
                    model=self.name,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"] if self._word_times else ["segment"],
                    language=language or omit,
                    prompt=" ".join(filter(None, (hints.prompt, hints.hotwords))) or omit,
                )
        except OpenAIError as error:
            raise ModelError(
                f"the transcription server at {self._base} does not transcribe: {error}",
                remedy="check whisper_api_base, whisper_model and DIGEST_WHISPER_API_KEY, then run the day again",
            ) from error
        reply = self._read(answer.content)
        heard = reply.language if len(reply.language or "") <= MAX_CODE_LETTERS else None  # or "english", as some say
        return _heard(reply), language or heard

    def _read(self, body: bytes) -> _Reply:
        """The reply, unless it has text without times: taken for silence, that would be lost for good."""
        try:
            reply = _Reply.model_validate_json(body)
        except ValidationError:
            reply = None
        if reply is None or (reply.text.strip() and not reply.segments):
            raise ModelError(
                f"the transcription server at {self._base} does not give verbose_json with segments",
                remedy="check whisper_api_base and whisper_model: another model or server may give them",
            )
        return reply


def _heard(reply: _Reply) -> list[Heard]:
    heard = []
    for segment in reply.segments or ():
        text, start, end = " ".join(segment.text.split()), segment.start, segment.end
        words = [
            (round(word.start, 2), round(word.end, 2))
            for word in reply.words or ()
            if start <= (word.start + word.end) / 2 < end
        ]
        heard.append(
            Heard(
                start=round(start, 2),
                end=round(end, 2),
                text=text,
                log_probability=_or(segment.avg_logprob, 0.0),
                no_speech=_or(segment.no_speech_prob, 0.0),
                compression=_or(segment.compression_ratio, 1.0),
                # servers leave punctuation out of the words, so they are matched by their number
                word_times=tuple(words) if len(words) == len(text.split()) else (),
            )
        )
    return heard


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _flac(samples: Samples) -> bytes:
    buffer = io.BytesIO()
    pcm = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    with av.open(buffer, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
