"""A day with six audio episodes, killed at random points: are the tables the same, and what was paid twice?

    python -m bench.transcribe.kills --kills 20

Serves six episodes cut from the demo's audio on loopback, with ranges. One home runs the day undisturbed, another is
killed (SIGKILL) after random waits and started again until it has been killed often enough, then left to finish. Every
child notes the start and end of each piece that it transcribes, and the server counts what it sends.
"""

import argparse
import hashlib
import io
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from digest_pipeline.bundled import bundled
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.runs import run_days
from digest_pipeline.settings import load_settings
from digest_pipeline.transcripts.audio import SAMPLE_RATE, read_pieces
from digest_pipeline.transcripts.whisper import WhisperTranscriber
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
EPISODES = 6
MODEL = "tiny.en"
CHUNK_SECONDS = 30
PIECE_MOMENT_SECONDS = 3.0
# These differ between any two runs: how long the computer took, and when.
NOT_COMPARED = re.compile(r"_at$|seconds$|real_time_factor|failing_since")
COMPARED_SECONDS = {"start_seconds", "end_seconds", "audio_seconds", "duration_seconds"}


def main() -> None:
    """Run both homes and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=75, help="of each episode")
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        _child()
        return
    chance, kills, days = random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as folder, _serve(_episodes(options.seconds)) as (base, sent):
        undisturbed = Path(folder, "undisturbed")
        child, ready = _started(undisturbed, base)
        child.wait()
        wall, once = time.monotonic() - ready, sum(sent.values())
        wanted = _tables(undisturbed)
        rows = sum(len(table) for table in wanted.values())
        print(f"undisturbed: {wall:.0f} s; {rows} rows in {len(wanted)} tables are compared", flush=True)
        while kills < options.kills:
            days += 1
            sent.clear()
            disturbed = Path(folder, f"disturbed{days}")
            in_this = _killed_and_finished(disturbed, base, options.kills - kills, wall / 4, chance)
            kills += in_this
            found = _tables(disturbed)
            different = [name for name in wanted if wanted[name] != found.get(name)]
            print(f"day {days}: killed {in_this} times; tables that differ: {different or 'none'}", flush=True)
            for name in different:
                print(name, _difference(wanted[name], found.get(name, [])))
            _print_pieces(undisturbed / "pieces.log", disturbed / "pieces.log")
            print(f"  bytes sent by the server, over undisturbed: {sum(sent.values()) / once:.2f}", flush=True)
    print(f"killed {kills} times in {days} days")


def _episodes(seconds: int) -> list[bytes]:
    """Six different recordings, WAV: stretches of the demo's."""
    files = sorted((bundled("demo") / "audio").glob("*.mp3"))
    talks = [np.concatenate([piece for _, piece in read_pieces(path, 600)]) for path in files]
    bodies = []
    for n in range(EPISODES):
        first = n // len(talks) * seconds * SAMPLE_RATE
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as out:
            out.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            stretch = talks[n % len(talks)][first : first + seconds * SAMPLE_RATE]
            out.writeframes((stretch * 32767).astype("<i2").tobytes())
        bodies.append(buffer.getvalue())
    return bodies


@contextmanager
def _serve(bodies: list[bytes]) -> Iterator[tuple[str, Counter[str]]]:
    sent: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            base = f"http://{self.headers['Host']}"
            items = "".join(
                f"<item><title>Episode {n}</title><guid>{n}</guid><pubDate>Mon, 14 Sep 2026 0{n}:00:00 +0000</pubDate>"
                f'<enclosure url="{base}/{n}.audio" type="audio/mpeg"/></item>'
                for n in range(len(bodies))
            )
            feed = f'<rss version="2.0"><channel><title>Six</title><language>en</language>{items}</channel></rss>'
            number = re.fullmatch(r"/(\d)\.audio", self.path)
            body = bodies[int(number[1])] if number else feed.encode()
            first = int(re.sub(r"\D", "", self.headers.get("Range", "")) or 0)
            self.send_response(206 if first else 200)
            self.send_header("ETag", f'"{self.path}"')
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - first))
            self.end_headers()
            for start in range(first, len(body), 1 << 16):
                self.wfile.write(body[start : start + (1 << 16)])
                sent[self.path] += len(body[start : start + (1 << 16)])
                time.sleep(0.02 if number else 0)  # a download takes a while, so that kills hit it too

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the child was killed
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/feed.xml", sent
    server.shutdown()
    server.server_close()
    thread.join()


def _run(home: Path, feed: str) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    environment = os.environ | {
        "DIGEST_HOME": str(home),
        "DIGEST_ALLOW_PRIVATE_HOSTS": "1",
        "DIGEST_WHISPER_MODEL": MODEL,
        "DIGEST_WHISPER_CHUNK_SECONDS": str(CHUNK_SECONDS),
        "BENCH_FEED": feed,
        "HF_HUB_OFFLINE": "1",
    }
    environment.pop("DAGSTER_HOME", None)
    with (home / "child.log").open("ab") as log:
        command = [sys.executable, "-m", "bench.transcribe.kills", "--child"]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _child() -> None:
    """The day as ``digest run`` runs it, with every piece noted when it begins and ends."""
    settings = load_settings()
    bare = WhisperTranscriber.transcribe

    def noted(self: WhisperTranscriber, samples: Any, *rest: Any) -> Any:
        piece = f"{hashlib.sha256(samples.tobytes()).hexdigest()[:12]} {len(samples) / SAMPLE_RATE:.2f}"
        _note(settings.home, f"begun {piece}")
        found = bare(self, samples, *rest)
        _note(settings.home, f"ended {piece}")
        return found

    WhisperTranscriber.transcribe = noted  # type: ignore[method-assign, assignment]
    _note(settings.home, "ready")
    with Warehouse(settings.database).write() as con:
        add_feeds(con, [Subscription(os.environ["BENCH_FEED"])], datetime(2026, 9, 15))  # noqa: DTZ001 - the store's are naive
    for summary in run_days([DAY], settings):
        print(summary)
    sys.exit(0)


def _note(home: Path, line: str) -> None:
    with (home / "pieces.log").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _started(home: Path, feed: str) -> tuple[subprocess.Popen[bytes], float]:
    """A child, and the moment at which its imports are done: the rest is the run."""
    notes = home / "pieces.log"

    def starts() -> int:
        return notes.read_text(encoding="utf-8").count("ready") if notes.exists() else 0

    before, child = starts(), _run(home, feed)
    while starts() == before and child.poll() is None:
        time.sleep(0.02)
    return child, time.monotonic()


def _killed_and_finished(home: Path, feed: str, most: int, longest: float, chance: random.Random) -> int:
    """Run a day, killed at random, until it finishes; how often it was killed.

    Every other kill comes anywhere in at most ``longest`` seconds, the rest within a moment of a piece's beginning:
    else a machine that starts slowly would hardly ever be hit while it transcribes.
    """
    killed, notes = 0, home / "pieces.log"
    while True:
        child, _ = _started(home, feed)
        try:
            if killed < most and killed % 2:
                begun = notes.read_text(encoding="utf-8").count("begun")
                while child.poll() is None and notes.read_text(encoding="utf-8").count("begun") == begun:
                    time.sleep(0.01)
                child.wait(chance.uniform(0, PIECE_MOMENT_SECONDS))
            child.wait(chance.uniform(0, longest) if killed < most else None)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            killed += 1
            continue
        if child.returncode:
            raise SystemExit((home / "child.log").read_text(encoding="utf-8")[-4000:])
        return killed


def _tables(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(home / "digest.duckdb"), read_only=True) as con:
        columns = con.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'raw'"
            " and table_name <> 'migrations' order by table_name, ordinal_position"
        ).fetchall()
        names = dict.fromkeys(table for table, _ in columns)
        kept = {
            table: [c for t, c in columns if t == table and (c in COMPARED_SECONDS or not NOT_COMPARED.search(c))]
            for table in names
        }
        # names come from the catalogue
        tables = {
            table: con.execute(f"select {', '.join(kept[table])} from raw.{table} order by all").fetchall()
            for table in names
        }
    return {  # the site's folder is part of what was delivered
        table: [tuple(v.replace(str(home), "~") if isinstance(v, str) else v for v in row) for row in rows]
        for table, rows in tables.items()
    }


def _difference(wanted: list[tuple[Any, ...]], found: list[tuple[Any, ...]]) -> str:
    pairs = [(a, b) for a, b in zip(wanted, found, strict=False) if a != b][:1]
    return f"{len(wanted)} and {len(found)} rows; first: {str(pairs)[:1500]}"


def _print_pieces(undisturbed: Path, disturbed: Path) -> None:
    def counts(file: Path, word: str) -> Counter[str]:
        lines = file.read_text(encoding="utf-8").splitlines()
        return Counter(line.removeprefix(f"{word} ") for line in lines if line.startswith(word))

    def seconds(pieces: Counter[str]) -> float:
        return sum(float(piece.split()[1]) * count for piece, count in pieces.items())

    wanted = counts(undisturbed, "ended")
    begun, ended = counts(disturbed, "begun"), counts(disturbed, "ended")
    again = Counter({piece: count - 1 for piece, count in ended.items() if count > 1})
    in_flight = begun - ended
    print(f"  audio: {seconds(wanted):.0f} s in {len(wanted)} pieces; same pieces: {set(wanted) == set(ended)}")
    print(f"  begun and lost in flight: {sum(in_flight.values())} pieces, {seconds(in_flight):.0f} s")
    print(f"  finished more than once: {sum(again.values())} pieces, {seconds(again):.0f} s")


if __name__ == "__main__":
    main()
