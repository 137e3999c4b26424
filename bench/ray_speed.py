"""Transcription on a Ray cluster of two one-core nodes on this machine against this process, in the same run.

    python -m bench.ray_speed [--rounds 2]

The demo's four recordings go through ``transcribe_episodes`` in turn here (Whisper tiny.en, as many threads as there
are cores) and on the cluster. The first round loads the models; a ratio above 1 means that the cluster is faster. On
one machine there is nothing to gain but what two models of one thread do better than one model of two.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.ray_nodes import two_nodes
from digest_pipeline.bundled import bundled
from digest_pipeline.compute import SharedFile, get_pool
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.models import Episode, Transcript
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.transcribe import SameTalk, transcribe_episodes

FILE_BYTES = 64 << 20
SHOW = "five-past-eight"


class NothingStored:
    """A history without episodes."""

    def with_audio(self, audio_sha256: str, episode_id: str) -> str | None:  # noqa: ARG002
        """See ``History``."""
        return None

    def with_same_talk(self, transcript: Transcript) -> SameTalk | None:  # noqa: ARG002
        """See ``History``."""
        return None

    def earlier_texts(self, feed_url: str, episode_id: str) -> list[str]:  # noqa: ARG002
        """See ``History``."""
        return []


def read_through(settings: Settings, file: SharedFile) -> Iterator[int]:  # noqa: ARG001
    """A task that does nothing but take a file."""
    with file.here() as path:
        yield path.stat().st_size


def transcribe(episodes: list[Episode], settings: Settings) -> tuple[float, float]:
    """Wall seconds, and hours of audio."""
    began = time.monotonic()
    outcomes = list(transcribe_episodes(episodes, NothingStored(), settings))
    took = time.monotonic() - began
    assert all(outcome.status == "transcribed" for outcome in outcomes), [outcome.reason for outcome in outcomes]
    return took, sum(o.transcript.audio_seconds or 0.0 for o in outcomes if o.transcript) / 3600


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    network = DemoNetwork(bundled("demo"))
    with tempfile.TemporaryDirectory() as home, serve(network, 0) as base:
        os.environ |= {"DIGEST_HOME": home, "DIGEST_ALLOW_PRIVATE_HOSTS": "1", "DIGEST_WHISPER_MODEL": "tiny.en"}
        here = load_settings()
        episodes = [
            Episode(e["slug"], "f", "Show", e["title"], f"{base}/{SHOW}/{e['slug']}.mp3", None, "", None, "en")
            for e in network.shows[SHOW]["episodes"]
        ]
        with two_nodes(Path(home)) as nodes:
            there = load_settings(ray_address=nodes.address)
            for number in range(1, options.rounds + 1):
                local, hours = transcribe(episodes, here)
                cluster, _ = transcribe(episodes, there)
                ratio, load = local / cluster, os.getloadavg()[0]
                print(
                    f"round {number}: {hours * 60:.1f} minutes of audio; here {local:.1f} s,"
                    f" on the cluster {cluster:.1f} s:"
                    f" {ratio:.2f} times as fast (load {load:.1f} on {os.cpu_count()} cores)",
                    flush=True,
                )
            file, pool = Path(home, "large"), get_pool(there)
            file.write_bytes(os.urandom(FILE_BYTES))
            began = time.monotonic()
            assert list(pool.stream(read_through, there, pool.share(file))) == [FILE_BYTES]
            print(f"a file of {FILE_BYTES >> 20} MiB is there after {time.monotonic() - began:.2f} s")


if __name__ == "__main__":
    main()
