"""Audio files: checked by decoding, read in pieces so that memory does not grow with their length."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from digest_pipeline.errors import AudioError

SAMPLE_RATE = 16_000  # what Whisper was trained on
Samples = npt.NDArray[np.float32]
SEARCH_SECONDS = 10.0  # a piece ends at the quietest moment of its last so many seconds
FRAME_SECONDS = 0.1
WHOLE_SHARE = 0.9  # a file that decodes to less of the length its container announces is truncated


def sha256_of(path: Path) -> str:
    """Content hash of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def announced_seconds(path: Path) -> float | None:
    """Length that the container announces, or ``None``.

    Raises:
        AudioError: the file is not audio that FFmpeg reads.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError("the file has no audio stream", remedy="the feed's enclosure is not an episode")
            return container.duration / av.time_base if container.duration else None
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(f"the file is not readable audio: {error}", remedy="the publisher has to mend it") from error


def read_pieces(path: Path, piece_seconds: float) -> Iterator[tuple[float, Samples]]:
    """Decode to 16 kHz mono, piece by piece: (start in seconds, samples in -1..1).

    Pieces follow one another without overlap and end in a quiet moment, so that no word is cut.

    Raises:
        AudioError: the file cannot be decoded, or breaks off.
    """
    piece, start = int(piece_seconds * SAMPLE_RATE), 0
    held: list[Samples] = []
    size = 0
    for samples in _decode(path):
        held.append(samples)
        size += len(samples)
        while size >= piece:
            joined = np.concatenate(held)
            cut = _quiet_cut(joined, piece)
            yield start / SAMPLE_RATE, joined[:cut]
            start += cut
            held, size = [joined[cut:]], size - cut
    if size:
        yield start / SAMPLE_RATE, np.concatenate(held)


def check_whole(decoded_seconds: float, *announced: float | None) -> None:
    """Refuse a file that breaks off.

    Raises:
        AudioError: it decodes to much less than announced.
    """
    expected = max((seconds for seconds in announced if seconds), default=0.0)
    if decoded_seconds < expected * WHOLE_SHARE and expected - decoded_seconds > 1.0:
        raise AudioError(
            f"the audio is truncated: {decoded_seconds:.0f} of {expected:.0f} s decode",
            remedy="it is tried again on the next day",
        )


def _decode(path: Path) -> Iterator[Samples]:
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            for frame in container.decode(audio=0):
                frame.pts = None  # broken time stamps in the wild: samples are counted instead
                for piece in resampler.resample(frame):
                    yield piece.to_ndarray().reshape(-1)
            for piece in resampler.resample(None):
                yield piece.to_ndarray().reshape(-1)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"the audio cannot be decoded: {error}", remedy="the publisher has to mend it") from error


def _quiet_cut(samples: Samples, piece: int) -> int:
    frame = int(FRAME_SECONDS * SAMPLE_RATE)
    first = max(frame, piece - int(SEARCH_SECONDS * SAMPLE_RATE))
    window = samples[first:piece]
    frames = window[: len(window) // frame * frame].reshape(-1, frame)
    quietest = int(np.argmin(np.mean(frames**2, axis=1)))
    return first + quietest * frame + frame // 2
