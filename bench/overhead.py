"""What the pipeline costs beside its models, on the demo: ratios against the bare models in the same process.

    python -m bench.overhead

Prints the wall time of each demo day, the seconds of it that models computed, and Whisper's time inside the pipeline
over bare faster-whisper's on the same files with the same settings (checkpoints, decoding and checks are the rest).
"""

import os
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from digest_pipeline.warehouse import Warehouse


def main() -> None:
    """Run the demo in a temporary home and measure."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"DIGEST_HOME": home, "DIGEST_ALLOW_PRIVATE_HOSTS": "1"}
        from digest_pipeline.bundled import bundled
        from digest_pipeline.cli.feeds import subscribe_to_list
        from digest_pipeline.demo import DemoNetwork, serve
        from digest_pipeline.encoder import get_embedder
        from digest_pipeline.runs import run_days
        from digest_pipeline.settings import load_settings
        from digest_pipeline.transcripts.audio import sha256_of
        from digest_pipeline.transcripts.recognise import recognise
        from digest_pipeline.transcripts.whisper import get_transcriber

        settings, network = load_settings(), DemoNetwork(bundled("demo"))
        began = time.monotonic()
        transcriber, _ = get_transcriber(settings), get_embedder(settings).embed(["warm"])
        print(f"loading the models: {time.monotonic() - began:.1f} s")
        days = [network.first_day + timedelta(days=n) for n in range((network.last_day - network.first_day).days + 1)]

        def begin(day: date) -> None:
            network.today = day

        with serve(network, 0) as base:
            subscribe_to_list(f"{base}/opml", settings)
            mark = time.monotonic()
            for summary in run_days(days, settings, before=begin):
                wall, mark = time.monotonic() - mark, time.monotonic()
                models = model_seconds(Warehouse(settings.database), summary.day)
                print(f"{summary.day}: {wall:5.1f} s, models {models:5.1f} s, everything else {wall - models:5.1f} s")
        pipeline = bare = 0.0
        for path in sorted(Path(network.folder, "audio").glob("*.mp3")):
            began = time.monotonic()
            recognise(path, sha256_of(path), transcriber, settings, language="en")
            pipeline += time.monotonic() - began
            bare += bare_seconds(transcriber, path)
        print(f"recognition: {pipeline:.1f} s in the pipeline / {bare:.1f} s bare = {pipeline / bare:.3f}")


def model_seconds(warehouse: Warehouse, day: date) -> float:
    """Seconds that Whisper and the extractor (encoder included) computed for a day."""
    with warehouse.read() as con:
        rows = con.execute(
            "select (select coalesce(sum(t.audio_seconds * t.real_time_factor), 0) from raw.transcripts t"
            " join raw.episodes e using (episode_id) where e.digest_date = $day)"
            " + (select coalesce(sum(compute_seconds), 0) from raw.extractions where digest_date = $day)",
            {"day": day},
        ).fetchall()
    return float(rows[0][0])


def bare_seconds(transcriber: Any, path: Path) -> float:
    """faster-whisper's own pipeline on a file, called as its documentation does."""
    began = time.monotonic()
    segments, _ = transcriber._pipeline.transcribe(str(path), language="en", **transcriber._options)
    for _ in segments:
        pass
    return time.monotonic() - began


if __name__ == "__main__":
    main()
