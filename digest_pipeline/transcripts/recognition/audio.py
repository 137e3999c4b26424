"""Audio files: checked by decoding, read in pieces so that memory does not grow with their length.

FFmpeg's libraries (through PyAV) read every format that podcasts come in: MP3, AAC, Opus, Vorbis, FLAC, WAV, and the
sound of an MP4.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from digest_pipeline.errors import AudioError

SAMPLE_RATE = 16_000  # what Whisper was trained on
Samples = npt.NDArray[np.float32]
_Pcm = npt.NDArray[np.int16]
FULL_SCALE = np.float32(32768)
SEARCH_SECONDS = 10.0  # a piece ends at the quietest moment of its last so many seconds
FRAME_SECONDS = 0.1
WHOLE_SHARE = 0.9  # a file that decodes to less of the length its container announces is truncated
FEED_SHARE = 0.5  # of the length that the feed announces: adverts differ between downloads
MAX_DAMAGED_SHARE = 0.1  # of a file's packets; a few broken ones are common in the wild and cost a syllable each
MAX_PACKET_SECONDS = 5.0  # a packet of sound lasts less; what a damaged one says of itself may be hours
# What an episode may be. Without the list FFmpeg also takes a text for a playlist (ffconcat, HLS) and opens the files
# that it names, so that a feed could have other files of this machine transcribed.
CONTAINERS = "mp3,aac,mov,ogg,flac,wav,w64,aiff,au,caf,matroska,asf,avi,flv,mpeg,mpegts,ac3,eac3,amr,wv,ape"
ONLY_CONTAINERS = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}


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
        with _open(path) as container:
            if not container.streams.audio:
                raise AudioError("the file has no audio stream", remedy="the feed's enclosure is not an episode")
            return _seconds(container)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(f"the file is not readable audio: {error}", remedy="the publisher has to mend it") from error


def counted_seconds(path: Path) -> float:
    """Length of the packets that are there, undecoded: what a length that FFmpeg guessed is checked against.

    Raises:
        AudioError: the file cannot be read.
    """
    try:
        with _open(path) as container:
            return sum(map(_packet_seconds, container.demux(container.streams.audio[0])))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"the audio cannot be read: {error}", remedy="the publisher has to mend it") from error


def read_pieces(path: Path, piece_seconds: float) -> Iterator[tuple[float, Samples]]:
    """Decode to 16 kHz mono, piece by piece: (start in seconds, samples in -1..1).

    Pieces follow one another without overlap and end in a quiet moment, so that no word is cut. The same file gives the
    same pieces every time.

    Raises:
        AudioError: the file cannot be decoded, or too much of it is damaged.
    """
    piece, start = int(piece_seconds * SAMPLE_RATE), 0
    held: list[_Pcm] = []
    size = 0
    for samples in _decode(path):
        held.append(samples)
        size += len(samples)
        while size >= piece:
            joined = np.concatenate(held)
            cut = _quiet_cut(joined, piece)
            yield start / SAMPLE_RATE, _scaled(joined[:cut])
            start += cut
            held, size = [joined[cut:]], size - cut
    if size:
        yield start / SAMPLE_RATE, _scaled(np.concatenate(held))


def check_whole(path: Path, decoded_seconds: float, feed_seconds: float | None) -> None:
    """Refuse a file that breaks off.

    Raises:
        AudioError: it decodes to much less than its container counts, or to less than half of what the feed announces.
    """
    expected = max(_seconds_beyond_bytes(path) or 0.0, (feed_seconds or 0.0) * FEED_SHARE)
    if decoded_seconds < expected * WHOLE_SHARE and expected - decoded_seconds > 1.0:
        raise AudioError(
            f"the audio is truncated: {decoded_seconds:.0f} of {expected:.0f} s decode",
            remedy="it is tried again on a later day",
        )


def _open(path: Path) -> av.container.InputContainer:
    """The file for reading. Its tags may be in any encoding (ID3v1 and WAV name none): they are not what is heard."""
    return av.open(str(path), options=ONLY_CONTAINERS, metadata_errors="replace")


def _packet_seconds(packet: av.Packet) -> float:
    return float((packet.duration or 0) * (packet.time_base or 0))


def _seconds(container: av.container.InputContainer) -> float | None:
    return container.duration / av.time_base if container.duration else None


def _seconds_beyond_bytes(path: Path) -> float | None:
    """Length that the container announces, where the file lacks bytes for it at its bit rate, or tells no bit rate.

    FFmpeg infers the length of MP3 without an index, and of bare AAC, from size and bit rate. At a variable bit rate
    that is too much as often as too little, and it says nothing of what is missing: such a file has all its bytes.
    """
    with _open(path) as container:
        seconds, rate = _seconds(container), container.streams.audio[0].bit_rate
        has_its_bytes = seconds and rate and seconds * rate / 8 <= container.size / WHOLE_SHARE
        return None if has_its_bytes else seconds


def _decode(path: Path) -> Iterator[_Pcm]:
    """Samples of the first audio stream. Time stamps are broken in the wild, so samples are counted instead.

    A damaged packet becomes as much silence, which keeps the times of what follows. Decoders name damage in many ways
    (AAC says that a feature is missing), so each of FFmpeg's errors counts as such.
    """
    packets = damaged = 0
    try:
        with _open(path) as container:
            stream = container.streams.audio[0]
            resampler, accepts = _resampler(), None
            for packet in container.demux(stream):
                packets += 1
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    damaged += 1
                    seconds = min(max(0.0, _packet_seconds(packet)), MAX_PACKET_SECONDS)
                    yield np.zeros(int(seconds * SAMPLE_RATE), np.int16)
                    continue
                for frame in frames:
                    frame.pts = None
                    form = (frame.format.name, frame.layout.name, frame.sample_rate)
                    if accepts not in (None, form):  # spliced-in adverts are often in another form than the talk
                        yield from _samples(resampler, None)
                        resampler = _resampler()
                    accepts = form
                    yield from _samples(resampler, frame)
            if accepts:
                yield from _samples(resampler, None)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise AudioError(f"the audio cannot be decoded: {error}", remedy="the publisher has to mend it") from error
    if damaged > packets * MAX_DAMAGED_SHARE:
        raise AudioError(
            f"the audio is damaged: {damaged} of {packets} packets do not decode",
            remedy="it is tried again on a later day",
        )


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)


def _samples(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[_Pcm]:
    for piece in resampler.resample(frame):
        yield piece.to_ndarray().reshape(-1)


def _scaled(pcm: _Pcm) -> Samples:
    return pcm.astype(np.float32) / FULL_SCALE


def _quiet_cut(samples: _Pcm, piece: int) -> int:
    frame = int(FRAME_SECONDS * SAMPLE_RATE)
    first = max(frame, piece - int(SEARCH_SECONDS * SAMPLE_RATE))
    window = samples[first:piece].astype(np.float32)
    frames = window[: len(window) // frame * frame].reshape(-1, frame)
    quietest = int(np.argmin(np.mean(frames**2, axis=1)))
    return first + quietest * frame + frame // 2
