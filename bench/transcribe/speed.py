"""Time and peak memory of the stage against bare faster-whisper with the same settings, and memory against length.

    python -m bench.transcribe.speed --minutes 60 --model base
    python -m bench.transcribe.speed --length 10 120 --model tiny.en
    python -m bench.transcribe.speed --minutes 60 --diarize        # the stage tells voices apart too

The file is made at run time from the speech given with --speech (a folder; the demo's by default) repeated to the
length, as MP3. Each measurement is a process of its own: its peak is its memory, model included. ``--length`` runs the
stage alone.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.speech import write_speech
from digest_pipeline.bundled import bundled
from digest_pipeline.errors import NoSpeech
from digest_pipeline.settings import load_settings
from digest_pipeline.transcripts.recognition.audio import sha256_of
from digest_pipeline.transcripts.recognition.recognise import recognise
from digest_pipeline.transcripts.recognition.voices import get_diarizer
from digest_pipeline.transcripts.recognition.whisper import get_transcriber


def main() -> None:
    """Measure in child processes and print ratios."""
    options = _options()
    if options.child:
        _child(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.length:
            short, long = (_measure("stage", _speech(folder, m, options.speech), options, m) for m in options.length)
            print(f"memory, the longer over the shorter: {long['peak_mb'] / short['peak_mb']:.3f}")
            return
        file = _speech(folder, options.minutes, options.speech)
        rounds = [
            (_measure("bare", file, options, options.minutes), _measure("stage", file, options, options.minutes))
            for _ in range(options.rounds)
        ]
        for measure in ("seconds", "cpu_seconds"):
            bare, stage = (min(pair[i][measure] for pair in rounds) for i in (0, 1))
            print(f"{measure}, stage over bare, best of {options.rounds}: {stage / bare:.3f}")
        print(f"memory, stage over bare: {rounds[0][1]['peak_mb'] / rounds[0][0]['peak_mb']:.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--model", default="base")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--length", nargs=2, type=float, metavar="MINUTES", help="the stage's memory at two lengths")
    parser.add_argument("--speech", type=Path, default=bundled("demo") / "audio")
    parser.add_argument("--diarize", action="store_true", help="the stage tells voices apart (extra speakers)")
    parser.add_argument("--child", choices=["bare", "stage"])
    parser.add_argument("--file", type=Path)
    return parser.parse_args()


def _speech(folder: str, minutes: float, source: Path) -> Path:
    """The speech of ``source`` on end, ``minutes`` long, as MP3."""
    target = Path(folder) / f"{minutes:g}.mp3"
    files = sorted(path for path in source.iterdir() if path.suffix in {".mp3", ".wav", ".flac"})
    return write_speech(target, files, minutes * 60)


def _measure(what: str, file: Path, options: argparse.Namespace, minutes: float) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.transcribe.speed", "--child", what, "--file", str(file)]
    command += ["--model", options.model, *(["--diarize"] if options.diarize else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    factor = found["seconds"] / (minutes * 60)
    print(
        f"{what:5} {minutes:g} min: {found['seconds']:.1f} s, real-time factor {factor:.3f}, {found['peak_mb']:.0f} MB"
    )
    return found


def _child(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as home:
        diarize = "on" if options.diarize else "off"
        settings = load_settings(home=Path(home), whisper_model=options.model, diarize=diarize)
        transcriber: Any = get_transcriber(settings)
        began, computed = time.monotonic(), time.process_time()
        if options.child == "bare":
            segments, _ = transcriber._pipeline.transcribe(str(options.file), language="en", **transcriber._options)
            words = sum(len(segment.text.split()) for segment in segments)
        else:
            try:
                sha256, diarizer = sha256_of(options.file), get_diarizer(settings)
                heard = recognise(options.file, sha256, transcriber, settings, language="en", diarizer=diarizer)
                words = sum(len(segment.text.split()) for segment in heard.segments)
            except NoSpeech:  # what a model of random weights says is no speech, and is found so last of all
                words = 0
        seconds, cpu_seconds = time.monotonic() - began, time.process_time() - computed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak, "words": words}))


if __name__ == "__main__":
    main()
