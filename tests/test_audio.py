"""Audio files as they come: every format, damage, spliced parts, and what is no audio."""

import io
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from digest_pipeline.errors import AudioError
from digest_pipeline.feeds.folder import read_folder
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.recognition.audio import (
    SAMPLE_RATE,
    Samples,
    announced_seconds,
    check_whole,
    read_pieces,
)
from digest_pipeline.transcripts.recognition.recognise import recognise
from digest_pipeline.transcripts.recognition.transcriber import Heard, Hints

SECONDS = 12
# name of the file, container, codec, sample format, sample rate
FORMATS = [
    ("a.mp3", "mp3", "libmp3lame", "fltp", 44_100),
    ("a.m4a", "mp4", "aac", "fltp", 44_100),
    ("a.aac", "adts", "aac", "fltp", 44_100),
    ("a.opus", "ogg", "libopus", "flt", 48_000),
    ("a.ogg", "ogg", "vorbis", "fltp", 44_100),
    ("a.flac", "flac", "flac", "s16", 44_100),
    ("a.wav", "wav", "pcm_s16le", "s16", 44_100),
]


def write(
    path: Path, container: str, codec: str, form: str, rate: int, *, layout: str = "stereo", video: bool = False
) -> Path:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(SECONDS * rate) / rate)).astype(np.float32)
    samples = tone if form.startswith("f") else (tone * 32767).astype(np.int16)
    channels = 2 if layout == "stereo" else 1
    shape = np.repeat(samples[None, :], channels, 0) if form.endswith("p") else np.repeat(samples, channels)[None, :]
    with av.open(str(path), "w", format=container) as file:
        if video:
            picture = file.add_stream("mpeg4", rate=1)
            picture.width = picture.height = 64
        stream = file.add_stream(codec, rate=rate, layout=layout, options={"strict": "experimental"})  # for Vorbis
        for _ in range(SECONDS if video else 0):
            file.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(shape), format=form, layout=layout)
        frame.sample_rate = rate
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def decoded(path: Path) -> Samples:
    return np.concatenate([samples for _, samples in read_pieces(path, 30)])


def strongest(samples: Samples) -> float:
    """Frequency in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * SAMPLE_RATE / len(samples))


@pytest.mark.parametrize(("name", "container", "codec", "form", "rate"), FORMATS, ids=[f[0] for f in FORMATS])
def test_every_format_gives_the_same_sound(
    name: str, container: str, codec: str, form: str, rate: int, tmp_path: Path
) -> None:
    path = write(tmp_path / name, container, codec, form, rate)
    samples = decoded(path)
    assert len(samples) / SAMPLE_RATE == pytest.approx(SECONDS, abs=0.15)
    assert strongest(samples) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_the_sound_of_a_film_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "mp4", "aac", "fltp", 44_100, video=True)
    assert strongest(decoded(path)) == pytest.approx(440, abs=2)


def test_a_film_without_sound_is_no_episode(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as file:
        picture = file.add_stream("mpeg4", rate=1)
        picture.width = picture.height = 64
        file.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        file.mux(picture.encode(None))
    with pytest.raises(AudioError, match="no audio stream"):
        announced_seconds(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.mp3", "ffconcat version 1.0\nfile other.mp3\n"),
        ("a.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\n{folder}/other.mp3\n#EXT-X-ENDLIST\n"),
    ],
)
def test_a_playlist_opens_no_other_file(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path / "other.mp3", "mp3", "libmp3lame", "fltp", 44_100)
    playlist = tmp_path / name
    playlist.write_text(text.format(folder=tmp_path))
    with av.open(str(playlist)) as container:  # without the guard it would be read
        assert next(container.decode(audio=0))
    with pytest.raises(AudioError):
        announced_seconds(playlist)
    with pytest.raises(AudioError):
        decoded(playlist)


def test_parts_in_another_form_are_read_on(tmp_path: Path) -> None:
    """Dynamic insertion splices a mono advert of another rate into a stereo show, frame by frame."""
    show = write(tmp_path / "show.mp3", "mp3", "libmp3lame", "fltp", 44_100)
    advert = write(tmp_path / "advert.mp3", "mp3", "libmp3lame", "fltp", 22_050, layout="mono")
    spliced = tmp_path / "spliced.mp3"
    spliced.write_bytes(show.read_bytes() + advert.read_bytes() + show.read_bytes())
    samples = decoded(spliced)
    assert len(samples) / SAMPLE_RATE == pytest.approx(3 * SECONDS, abs=0.5)
    assert strongest(samples[-SAMPLE_RATE * 5 :]) == pytest.approx(440, abs=2)


def test_a_few_damaged_packets_cost_their_own_time_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", "mp3", "libmp3lame", "fltp", 44_100)
    body = bytearray(path.read_bytes())
    middle = len(body) // 2
    body[middle : middle + 300] = b"\x00" * 300
    path.write_bytes(bytes(body))
    samples = decoded(path)
    assert len(samples) / SAMPLE_RATE == pytest.approx(SECONDS, abs=0.2)
    assert strongest(samples[-SAMPLE_RATE * 3 :]) == pytest.approx(440, abs=2)


def test_much_damage_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", "flac", "flac", "s16", 44_100)
    body = bytearray(path.read_bytes())
    generator = np.random.default_rng(5)
    for start in range(2000, len(body) - 1000, 1200):
        body[start : start + 600] = generator.bytes(600)
    path.write_bytes(bytes(body))
    with pytest.raises(AudioError, match="damaged|cannot be decoded"):
        decoded(path)


def test_a_length_that_is_guessed_from_the_size_refuses_no_file(tmp_path: Path) -> None:
    """MP3 at a variable bit rate without an index: half a minute of silence makes it look half as long again."""
    noise = np.random.default_rng(3).normal(0, 0.2, 20 * 44_100)
    samples = np.concatenate([np.zeros(30 * 44_100), noise]).astype(np.float32)
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w", format="mp3", options={"write_xing": "0"}) as file:
        quality = {"flags": "+qscale", "global_quality": "472"}
        stream = file.add_stream("libmp3lame", rate=44_100, layout="mono", options=quality)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    assert (announced_seconds(path) or 0) > 70
    seconds = len(decoded(path)) / SAMPLE_RATE
    assert seconds == pytest.approx(50, abs=0.2)
    check_whole(path, seconds, 50)


@pytest.mark.parametrize(
    ("name", "container", "codec", "form", "rate"), [f for f in FORMATS if f[0] in {"a.mp3", "a.flac"}]
)
def test_a_file_that_has_not_the_bytes_for_its_length_is_refused(
    name: str, container: str, codec: str, form: str, rate: int, tmp_path: Path
) -> None:
    path = write(tmp_path / name, container, codec, form, rate)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(AudioError, match="truncated: 8 of 12 s"):
        check_whole(path, len(decoded(path)) / SAMPLE_RATE, None)


def test_a_file_of_less_than_half_the_feeds_length_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.aac", "adts", "aac", "fltp", 44_100)
    check_whole(path, SECONDS, 20)
    with pytest.raises(AudioError, match="truncated: 12 of 15 s"):
        check_whole(path, SECONDS, 30)


def with_id3v1(path: Path, title: bytes) -> Path:
    path.write_bytes(path.read_bytes() + b"TAG" + title.ljust(124, b"\0") + b"\xff")
    return path


def with_wav_title(path: Path, title: bytes) -> Path:
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * SAMPLE_RATE * SECONDS))
    text = b"INFOINAM" + struct.pack("<I", len(title)) + title
    chunk = b"LIST" + struct.pack("<I", len(text)) + text
    raw = sound.getvalue()
    path.write_bytes(raw[:4] + struct.pack("<I", len(raw) - 8 + len(chunk)) + raw[8:] + chunk)
    return path


def test_a_tag_in_an_old_encoding_makes_no_sound_unreadable(tmp_path: Path) -> None:
    title = "Été à la mer".encode("cp1252")
    bare = tmp_path / "a.mp3"
    with av.open(str(bare), "w", format="mp3", options={"id3v2_version": "0"}) as file:
        stream = file.add_stream("libmp3lame", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, SECONDS * 44_100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with_id3v1(bare, title)
    with_wav_title(tmp_path / "b.wav", title)
    for path in (bare, tmp_path / "b.wav"):
        assert announced_seconds(path) == pytest.approx(SECONDS, abs=0.15)
        assert len(decoded(path)) / SAMPLE_RATE == pytest.approx(SECONDS, abs=0.15)
        check_whole(path, SECONDS, None)
    assert [item.title for item in read_folder(tmp_path.as_uri()).items] == ["Été à la mer"] * 2


@dataclass(slots=True)
class Damaged:
    """A packet that does not decode."""

    packet: av.Packet
    error: type[av.FFmpegError]
    seconds: float | None = None

    @property
    def duration(self) -> float | None:
        return self.seconds or self.packet.duration

    @property
    def time_base(self) -> float | None:
        return 1.0 if self.seconds else self.packet.time_base

    def decode(self) -> list[av.AudioFrame]:
        raise self.error(1, "damaged")


@pytest.mark.parametrize(
    ("error", "seconds", "silence"),
    [
        (av.InvalidDataError, None, 0),
        (av.error.PatchWelcomeError, None, 0),
        (av.error.ArgumentError, None, 0),
        (av.InvalidDataError, 600.0, 5),
        (av.InvalidDataError, -600.0, 0),
    ],
)
def test_a_damaged_packet_is_a_moment_of_silence_whatever_it_says(
    error: type[av.FFmpegError], seconds: float | None, silence: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoders' own errors, and an MP4 whose table says that one packet lasts ten minutes."""
    path = write(tmp_path / "a.m4a", "mp4", "aac", "fltp", 44_100)
    plain = av.open

    class Container:
        def __init__(self, *arguments: object, **options: object) -> None:
            self.inner = plain(*arguments, **options)
            self.streams = self.inner.streams

        def __enter__(self) -> "Container":
            return self

        def __exit__(self, *_: object) -> None:
            self.inner.close()

        def demux(self, stream: av.AudioStream) -> object:
            for number, packet in enumerate(self.inner.demux(stream)):
                yield Damaged(packet, error, seconds) if number == 100 else packet

    monkeypatch.setattr(av, "open", Container)
    assert len(decoded(path)) / SAMPLE_RATE == pytest.approx(SECONDS + silence, abs=0.2)


def test_a_length_that_is_guessed_from_the_first_bit_rate_makes_no_episode_too_long(
    tmp_path: Path, settings: Settings
) -> None:
    """An advert of 32 kbit/s before a talk of 256, without an index: FFmpeg takes the first for the whole."""
    parts = []
    for rate, seconds in ((32_000, 10), (256_000, 20)):
        path = tmp_path / f"{rate}.mp3"
        samples = np.random.default_rng(rate).normal(0, 0.1, (1, seconds * 44_100)).astype(np.float32)
        with av.open(str(path), "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as file:
            stream = file.add_stream("libmp3lame", rate=44_100, layout="mono")
            stream.bit_rate = rate
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = 44_100
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        parts.append(path.read_bytes())
    path = tmp_path / "a.mp3"
    path.write_bytes(b"".join(parts))

    class Deaf:
        name = key = "deaf"

        def transcribe(self, *_: object) -> tuple[list[Heard], str | None]:
            return [Heard(0, 9, "The grid needs batteries since the sun sets.", -0.2, 0.01, 1.1)], "en"

    assert (announced_seconds(path) or 0) > 100
    bounded = settings.model_copy(update={"max_audio_seconds": 60})
    assert recognise(path, "a", Deaf(), bounded).audio_seconds == pytest.approx(30, abs=0.2)
    with pytest.raises(AudioError, match="lasts"):
        recognise(path, "a", Deaf(), settings.model_copy(update={"max_audio_seconds": 25}))


def test_the_language_of_invented_words_is_not_the_episodes(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path / "a.flac", "flac", "flac", "s16", 44_100)
    asked: list[str | None] = []

    class Fooled:
        name = key = "fooled"

        def transcribe(self, _: Samples, language: str | None, __: Hints) -> tuple[list[Heard], str | None]:
            asked.append(language)
            if len(asked) == 1:
                return [Heard(0, 2, "Untertitel von Stephanie Geiges", -0.3, 0.8, 1.0)], "de"
            return [Heard(0, 5, "The grid needs batteries since the sun sets.", -0.2, 0.01, 1.1)], "en"

    found = recognise(path, "a", Fooled(), settings.model_copy(update={"whisper_chunk_seconds": 5.0}))
    assert (asked[:2], found.language) == ([None, None], "en")
