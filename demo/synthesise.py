#!/usr/bin/env python3
"""Rebuild the demo's audio from its scripts.

Reads network.toml, and for each episode with an `audio` key speaks the script
with flite (one fixed voice per speaker), joins the turns with a short pause and
encodes mono 16 kHz audio with ffmpeg. Needs Python 3.11+, flite and ffmpeg.

    python3 demo/synthesise.py            # all audio episodes
    python3 demo/synthesise.py tuesday    # only files whose name contains "tuesday"
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import wave
from pathlib import Path

HERE = Path(__file__).resolve().parent
VOICES = {"Hanna Wells": "slt", "Tom Garrow": "rms"}
PAUSE = 0.4  # seconds between turns
RATE = 16_000
CODECS = {
    ".mp3": ["-c:a", "libmp3lame", "-b:a", "24k"],
    ".opus": ["-c:a", "libopus", "-b:a", "16k"],
}
TURN = re.compile(r"^([A-Z][^:]{1,40}): (.+)$")


def turns(script: Path):
    """Yield (speaker, text) for each turn of a script."""
    for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        match = TURN.match(line)
        if not match:
            raise SystemExit(f"{script.name}:{number}: not a turn: {line[:60]!r}")
        if match[1] not in VOICES:
            raise SystemExit(f"{script.name}:{number}: no voice for {match[1]!r}")
        yield match[1], match[2]


def speak(text: str, voice: str, workdir: Path) -> bytes:
    """Return 16-bit mono samples of the text at RATE."""
    source, target = workdir / "turn.txt", workdir / "turn.wav"
    source.write_text(text + "\n", encoding="utf-8")
    subprocess.run(["flite", "-voice", voice, "-f", source, "-o", target], check=True)
    with wave.open(str(target), "rb") as wav:
        form = (wav.getframerate(), wav.getnchannels(), wav.getsampwidth())
        if form != (RATE, 1, 2):
            raise SystemExit(f"flite voice {voice}: unexpected format {form}")
        return wav.readframes(wav.getnframes())


def build(script: Path, audio: Path) -> float:
    """Synthesise one episode and return its length in seconds."""
    pause = bytes(2 * int(RATE * PAUSE))
    with tempfile.TemporaryDirectory() as tmp:
        workdir = Path(tmp)
        samples = pause.join(speak(t, VOICES[s], workdir) for s, t in turns(script))
        joined = workdir / "joined.wav"
        with wave.open(str(joined), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(RATE)
            wav.writeframes(samples)
        # No metadata and bit-exact headers, so that equal input gives equal files.
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-i",
                joined,
                "-map_metadata",
                "-1",
                "-ac",
                "1",
                "-ar",
                str(RATE),
                *CODECS[audio.suffix],
                "-fflags",
                "+bitexact",
                "-flags:a",
                "+bitexact",
                audio,
            ],
            check=True,
        )
    return len(samples) / (2 * RATE)


def main() -> None:
    wanted = sys.argv[1:]
    network = tomllib.loads((HERE / "network.toml").read_text(encoding="utf-8"))
    (HERE / "audio").mkdir(exist_ok=True)
    for show in network["shows"]:
        for episode in show["episodes"]:
            name = episode.get("audio")
            if not name or (wanted and not any(w in name for w in wanted)):
                continue
            audio = HERE / "audio" / name
            seconds = build(HERE / "scripts" / episode["script"], audio)
            print(f"{name}: {seconds:.0f} s, {audio.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
