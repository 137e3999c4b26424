"""Recognition on another machine: any server that speaks OpenAI's transcription API (speaches, vLLM, OpenAI itself)."""

import io
from math import isfinite
from typing import TYPE_CHECKING

import av
import numpy as np
from pydantic import BaseModel, ValidationError

from digest_pipeline.errors import AudioError, DigestError, ModelError
from digest_pipeline.feeds.redaction import redact, redact_text
from digest_pipeline.transcripts.languages import whisper_code
from digest_pipeline.transcripts.recognition.audio import FULL_SCALE, SAMPLE_RATE, Samples
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

TIMEOUT_SECONDS = 900.0
ATTEMPTS = 4
# Statuses by which a server refuses what it was sent, and the parameters that are the same for every episode.
REFUSALS = {400, 413, 422}
OF_THE_SETTINGS = {"model", "response_format", "timestamp_granularities"}
MAX_SAID = 300  # letters of a server's own words: some send a whole page


class _Word(BaseModel):
    """Servers that align words afterwards give none of a figure's times."""

    start: float | None = None
    end: float | None = None


class _Segment(BaseModel):
    start: float
    end: float
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
            AudioError: the server refuses this piece.
            ModelError: the server does not answer, or not with a transcription. It is the server's failure, not the
                episode's: the run stops, and the next one continues here.
        """
        from openai import OpenAIError, omit

        code = whisper_code(language)  # servers refuse codes that they do not know
        try:
            with self._client() as client:
                answer = client.audio.transcriptions.with_raw_response.create(
                    file=("piece.flac", _flac(samples), "audio/flac"),
                    model=self.name,
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"] if self._word_times else ["segment"],
                    language=code or omit,
                    prompt=" ".join(filter(None, (hints.prompt, hints.hotwords))) or omit,
                )
        except OpenAIError as error:
            raise self._failure(error) from None  # whose own words may hold the key
        reply = self._read(answer.content)
        return _heard(reply, len(samples) / SAMPLE_RATE), code or whisper_code(reply.language) or language

    def _failure(self, error: "OpenAIError") -> DigestError:
        """What a failed request means, without the secrets that the address and the server's words may hold."""
        from openai import APIStatusError

        said = redact_text(str(error), self._secret)[:MAX_SAID]
        place = f"the transcription server at {redact(self._base)}"
        is_refusal = isinstance(error, APIStatusError) and error.status_code in REFUSALS
        if is_refusal and getattr(error, "param", None) not in OF_THE_SETTINGS:
            return AudioError(
                f"{place} refuses a piece of it: {said}",
                remedy="it is tried again on a later day; where pieces are too large, lower whisper_chunk_seconds",
            )
        return ModelError(
            f"{place} does not transcribe: {said}",
            remedy="check whisper_api_base, whisper_model and DIGEST_WHISPER_API_KEY, then run the day again",
        )

    def _read(self, body: bytes) -> _Reply:
        """The reply, unless it has text without times: taken for silence, that would be lost for good."""
        try:
            reply = _Reply.model_validate_json(body)
        except ValidationError:
            reply = None
        if reply is None or (reply.text.strip() and not reply.segments):
            raise ModelError(
                f"the transcription server at {redact(self._base)} does not give verbose_json with segments",
                remedy="check whisper_api_base and whisper_model: another model or server may give them",
            )
        if not all(isfinite(time) for segment in reply.segments or () for time in (segment.start, segment.end)):
            raise AudioError(
                f"the transcription server at {redact(self._base)} gives times that are no numbers",
                remedy="it is tried again on a later day",
            )
        return reply


def _heard(reply: _Reply, seconds: float) -> list[Heard]:
    """The segments of a reply. Servers give times before the piece and behind its end, and ends before their starts."""
    heard = []
    for segment in reply.segments or ():
        text, start = " ".join(segment.text.split()), min(max(0.0, segment.start), seconds)
        end = min(max(start, segment.end), seconds)
        words = [
            (round(word.start, 2), round(word.end, 2))
            for word in reply.words or ()
            if word.start is not None and word.end is not None and start <= (word.start + word.end) / 2 < end
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
    return otherwise if value is None or not isfinite(value) else value


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
