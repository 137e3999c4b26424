"""Whisper on this machine: faster-whisper in batches, with its voice-activity filter."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from digest_pipeline.errors import AudioError, ModelError
from digest_pipeline.model_files import is_local, whisper_source
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.languages import whisper_code
from digest_pipeline.transcripts.recognition.audio import Samples
from digest_pipeline.transcripts.recognition.remote import RemoteTranscriber
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints, Transcriber, times_of_words

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment
    from tokenizers import Tokenizer

MAX_THREADS = 16  # a Whisper decoder gains little from more
CPU_BATCH = 8
GPU_BATCH = 16
# Where languages change, a window must be short enough to hold one of them.
MIXED_WINDOW_SECONDS = 15
# Hints and the text of a window share the decoder's 448 tokens: where hints fill them, the window's last words are
# missing, and nothing says so. Hints of ordinary feeds take 60 at most.
HINT_TOKENS = 112
# RuntimeErrors of CTranslate2 that another episode would meet too.
OF_THE_MACHINE = re.compile(r"cuda|cublas|cudnn|memory", re.IGNORECASE)


class WhisperTranscriber:
    """A faster-whisper model. Every part of the audio is decoded once: in batches no other temperature is tried."""

    def __init__(
        self,
        source: str,
        name: str,
        *,
        device: str = "auto",
        compute_type: str = "auto",
        batch_size: int = 0,
        word_times: bool = True,
        is_mixed: bool = False,
    ) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        device, compute_type = _machine(device, compute_type)
        try:
            model = WhisperModel(
                source,
                device=device,
                compute_type=compute_type,
                cpu_threads=_threads(),
                local_files_only=is_local(source),
            )
        except Exception as error:  # tokenizers raises no narrower one of a file that is half copied
            raise ModelError(
                f"Whisper model {name!r} cannot be loaded: {error}",
                remedy="install the extra `models`, or set DIGEST_WHISPER_MODEL to a folder",
            ) from error
        self.name = name
        self.key = f"{name} {compute_type} words={word_times} mixed={is_mixed}"
        self._languages = frozenset(model.supported_languages)
        self._pipeline = BatchedInferencePipeline(model)
        self._options = {
            "batch_size": batch_size or (GPU_BATCH if device == "cuda" else CPU_BATCH),
            "word_timestamps": word_times,
            "without_timestamps": False,
            "vad_filter": True,
            "multilingual": is_mixed and len(self._languages) > 1,
            "chunk_length": MIXED_WINDOW_SECONDS if is_mixed else None,
        }

    def transcribe(self, samples: Samples, language: str | None, hints: Hints) -> tuple[list[Heard], str | None]:
        """See ``Transcriber``. A language that Whisper does not know is detected.

        Raises:
            AudioError: the model hears English only, and the language is another; or the model fails with this audio.
            ModelError: the machine fails it.
        """
        code = whisper_code(language) or language
        if code and self._languages == {"en"} != {code}:
            raise AudioError(
                f"the episode is in {language!r} and {self.name} hears English only",
                remedy="name a multilingual whisper_model, for this feed or for all",
            )
        bounded = bounded_hints(hints, self._pipeline.model.hf_tokenizer)
        try:
            segments, info = self._pipeline.transcribe(
                samples,
                language=code if code in self._languages else None,
                initial_prompt=bounded.prompt or None,
                hotwords=bounded.hotwords or None,
                **self._options,
            )
            found = list(segments)  # decoded here, as they are asked for
        except (RuntimeError, ValueError) as error:
            if OF_THE_MACHINE.search(str(error)):
                raise ModelError(
                    f"{self.name} cannot be used on this machine: {error}",
                    remedy="set a smaller whisper_model or whisper_batch_size, or whisper_device to cpu",
                ) from error
            raise AudioError(
                f"{self.name} fails with it: {error}", remedy="it is tried again on a later day"
            ) from error
        return [_heard(segment) for segment in found], info.language


def bounded_hints(hints: Hints, tokenizer: "Tokenizer") -> Hints:
    """The first words of both, ``HINT_TOKENS`` together; hot words take half of them at most."""
    hotwords, used = _first_tokens(hints.hotwords, HINT_TOKENS // 2, tokenizer)
    prompt, _ = _first_tokens(hints.prompt, HINT_TOKENS - used, tokenizer)
    return Hints(prompt, hotwords)


def _first_tokens(text: str, most: int, tokenizer: "Tokenizer") -> tuple[str, int]:
    """The text as far as ``most`` tokens go, cut between words where it has words, and how many tokens it takes."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    if len(encoded) <= most:
        return text, len(encoded)
    return text[: encoded.offsets[most - 1][1]].rpartition(" ")[0] or text[: encoded.offsets[most - 1][0]], most


def _heard(segment: "Segment") -> Heard:
    text, words = " ".join(segment.text.split()), segment.words or ()
    return Heard(
        start=round(float(segment.start), 2),
        end=round(float(segment.end), 2),
        text=text,
        log_probability=round(float(segment.avg_logprob), 4),
        no_speech=round(float(segment.no_speech_prob), 4),
        compression=round(float(segment.compression_ratio), 4),
        word_times=times_of_words(text, [(w.word, float(w.start), float(w.end)) for w in words]),
        word_probabilities=tuple(round(float(word.probability), 3) for word in words),
    )


def get_transcriber(settings: Settings, model: str | None = None) -> Transcriber:
    """The transcriber that the settings name, or a feed's own ``model``; loaded once a process.

    Raises:
        ModelError: the model cannot be loaded.
    """
    wanted = model or settings.whisper_model
    if settings.whisper_api_base:
        key = settings.whisper_api_key.get_secret_value()
        return RemoteTranscriber(settings.whisper_api_base, wanted, key, word_times=settings.whisper_word_times)
    source = whisper_source(wanted, settings.models)
    return _load(
        source,
        Path(source).name if is_local(source) and wanted == "auto" else wanted,
        settings.whisper_device,
        settings.whisper_compute_type,
        settings.whisper_batch_size,
        settings.whisper_word_times,
        settings.whisper_language == "segment",
    )


@lru_cache(maxsize=2)
def _load(
    source: str, name: str, device: str, compute_type: str, batch_size: int, word_times: bool, is_mixed: bool
) -> WhisperTranscriber:
    return WhisperTranscriber(
        source,
        name,
        device=device,
        compute_type=compute_type,
        batch_size=batch_size,
        word_times=word_times,
        is_mixed=is_mixed,
    )


def _machine(device: str, compute_type: str) -> tuple[str, str]:
    """Device and compute type for ``auto``: a GPU when there is one, and the smallest type that it is fast with."""
    import ctranslate2

    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    if compute_type == "auto":
        preferred = ("float16", "int8_float32", "float32") if device == "cuda" else ("int8", "int8_float32", "float32")
        supported = ctranslate2.get_supported_compute_types(device)
        compute_type = next(kind for kind in preferred if kind in supported)
    return device, compute_type


def _threads() -> int:
    """OMP_NUM_THREADS where it is set, else the cores that this process may use."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if chosen.isdigit() and int(chosen):
        return int(chosen)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_THREADS, cores)
