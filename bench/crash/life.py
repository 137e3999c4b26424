"""One life of a run: a process that runs a day as ``digest run --opml`` does, and dies where it is told to."""

import hashlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

START, END = "start", "end"  # before Dagster's first step, and after its last
LONGEST_SECONDS = 900.0  # no life takes so long: one that does hangs
# What takes seconds to import. Lives are forked from a process that has done so.
HEAVY = ["dagster_dbt", "dagster_duckdb", "faster_whisper", "hdbscan", "sentence_transformers", "digest_pipeline.runs"]


@dataclass(frozen=True, slots=True)
class Doom:
    """How a life ends, once it has come to ``stage``.

    It is killed ``seconds`` later, at the latest when that stage ends; or, with ``limit``, every write fails that would
    make a file longer than so many bytes (``EFBIG``), as on a full disk.
    """

    stage: str
    seconds: float = 0.0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """How it ended: ``killed``, ``failed`` or ``finished``; in which stage; the pieces of audio that it finished."""

    end: str
    stage: str
    pieces: tuple[str, ...]
    begun: tuple[str, ...]
    stage_seconds: Mapping[str, float]


def live(home: Path, environment: Mapping[str, str], day: date, doom: Doom | None = None) -> Life:
    """Run the day in a process of its own until it ends; what it said is in ``HOME.log``.

    Raises:
        TimeoutError: it hangs.
    """
    notes = Path(f"{home}.notes")
    notes.write_text("", encoding="utf-8")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    child = context.Process(target=_run, args=(home, dict(environment), day, doom))
    child.start()
    child.join(LONGEST_SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
        raise TimeoutError(f"a life of {home} did not end: {doom}")
    rows = [line.split() for line in notes.read_text(encoding="utf-8").splitlines()]
    stages = [(name, float(at)) for at, word, name in rows if word == "stage"]
    return Life(
        end={0: "finished", -signal.SIGKILL: "killed"}.get(child.exitcode or 0, "failed"),
        stage=stages[-1][0] if stages else START,
        pieces=tuple(name for _, word, name in rows if word == "ended"),
        begun=tuple(name for _, word, name in rows if word == "begun"),
        stage_seconds={name: end - at for (name, at), (_, end) in pairwise([*stages, ("", float(rows[-1][0]))])}
        if rows
        else {},
    )


def _run(home: Path, environment: dict[str, str], day: date, doom: Doom | None) -> None:
    """The child. Whatever it says goes to a log, as a service's does."""
    os.environ.pop("DAGSTER_HOME", None)
    os.environ.update(environment, DIGEST_HOME=str(home))
    with Path(f"{home}.log").open("ab", buffering=0) as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    from digest_pipeline.cli.feeds import subscribe_to_list
    from digest_pipeline.runs import run_days
    from digest_pipeline.settings import load_settings

    note = _notes(Path(f"{home}.notes"), doom)
    _watch_stages(note)
    _watch_pieces(note)
    note("stage", START)
    settings = load_settings()
    subscribe_to_list(environment["BENCH_OPML"], settings)
    summaries = list(run_days([day], settings))
    note("over", END)
    print(summaries, flush=True)
    sys.exit(any(not summary.succeeded or summary.attention for summary in summaries))


def _notes(file: Path, doom: Doom | None) -> Callable[[str, str], None]:
    """What writes a note with its moment, and sees to it that the life ends as it shall."""

    def note(word: str, name: str) -> None:
        if doom and word == "over" and name == doom.stage and doom.limit is None:
            _die()
        with file.open("a", encoding="utf-8") as out:
            out.write(f"{time.monotonic():.3f} {word} {name}\n")
        if doom and word == "stage" and name == doom.stage:
            if doom.limit is None:
                timer = threading.Timer(doom.seconds, _die)
                timer.daemon = True
                timer.start()
            else:
                resource.setrlimit(resource.RLIMIT_FSIZE, (doom.limit, resource.RLIM_INFINITY))

    return note


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def _watch_stages(note: Callable[[str, str], None]) -> None:
    from dagster import DagsterInstance

    bare = DagsterInstance.handle_new_event

    def handle(self: DagsterInstance, event: Any, **rest: Any) -> None:
        happened = event.dagster_event.event_type_value if event.dagster_event else ""
        if happened == "STEP_START":
            note("over", START)
            note("stage", event.step_key)
        elif happened in ("STEP_SUCCESS", "STEP_FAILURE"):
            note("over", event.step_key)
        elif happened == "PIPELINE_SUCCESS":
            note("stage", END)
        bare(self, event, **rest)

    DagsterInstance.handle_new_event = handle  # type: ignore[method-assign, assignment]


def _watch_pieces(note: Callable[[str, str], None]) -> None:
    from digest_pipeline.transcripts.recognition.whisper import WhisperTranscriber

    bare = WhisperTranscriber.transcribe

    def transcribe(self: WhisperTranscriber, samples: Any, *rest: Any) -> Any:
        piece = hashlib.sha256(samples.tobytes()).hexdigest()[:12]
        note("begun", piece)
        found = bare(self, samples, *rest)
        note("ended", piece)
        return found

    WhisperTranscriber.transcribe = transcribe  # type: ignore[method-assign, assignment]
