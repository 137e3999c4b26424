"""A cluster of 100 GPUs and 100,000 episodes a day, on paper: what the run's own process would have to do.

    OMP_NUM_THREADS=1 python -m bench.ray_model [--episodes 200]

Measures, on the demo's words and audio, in CPU seconds of one core: what models take for an hour of talk, and what the
run's process takes for an episode (hash, look up, flag advertisements, write), then prints how much of a day each would
fill. Nothing about GPUs is measured: how fast one has to be is what comes out. What is assumed is in capitals below.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from digest_pipeline.bundled import bundled
from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.models.reranker import get_reranker
from digest_pipeline.claims.models.talk_rater import get_talk_rater
from digest_pipeline.claims.store import save_extraction
from digest_pipeline.clusters.cluster import cluster_claims
from digest_pipeline.encoder import get_embedder
from digest_pipeline.models import Episode, Segment, Transcript
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.annotate import annotate
from digest_pipeline.transcripts.recognition.audio import read_pieces, sha256_of
from digest_pipeline.transcripts.recognition.recognise import recognise
from digest_pipeline.transcripts.recognition.whisper import get_transcriber
from digest_pipeline.transcripts.store import TalkHistory, load_segments, save_outcome
from digest_pipeline.transcripts.transcribe import Outcome
from digest_pipeline.warehouse import Warehouse

GPUS = 100
EPISODES_A_DAY = 100_000
HOURS_AN_EPISODE = 0.75
BYTES_A_SECOND = 16_000  # of audio, 128 kbit/s
EPISODES_A_FEED_AND_WEEK = 1.0
ASKS_A_FEED_AND_DAY = 1.2  # a weekly feed is due every 20 hours
MS_A_FEED = 3.4  # `python -m bench.feeds`, a rescan (docs/feeds.md)
WINDOW_DAYS = 45
DAY_SECONDS = 86_400
CLUSTERED = 4_000  # claims that the clustering is timed with
DAY = date(2026, 9, 14)
GROWTH = ", growth"

T = TypeVar("T")
Measured = dict[str, float]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of this process, and what came of it."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def models(settings: Settings, audio: Path) -> tuple[Measured, Sequence[Segment]]:
    """CPU seconds for an hour of audio, and the segments that were heard."""
    found: Measured = {}
    decoding, pieces = timed(lambda: sum(len(samples) for _, samples in read_pieces(audio, 300)))
    hours = pieces / 16_000 / 3600
    found["decoding"] = decoding / hours
    segments: Sequence[Segment] = ()
    for name in ("tiny.en", "base"):
        transcriber = get_transcriber(settings, name)
        seconds, heard = timed(partial(recognise, audio, name, transcriber, settings, language="en"))
        found[f"Whisper {name}, decoding included"] = seconds / hours
        segments = heard.segments
    return found, segments


def talk(segments: Sequence[Segment], number: int) -> tuple[Segment, ...]:
    """An episode of the assumed length: the sentences that were heard, in an order of its own, again and again."""
    chance, now = random.Random(number), 0.0
    made: list[Segment] = []
    while now < HOURS_AN_EPISODE * 3600:
        for segment in chance.sample(segments, len(segments)):
            words = segment.text.split()
            chance.shuffle(words)
            shift = now - segment.start_seconds
            now += max(0.2, segment.end_seconds - segment.start_seconds)
            times = tuple((round(a + shift, 2), round(b + shift, 2)) for a, b in segment.word_times)
            begun = replace(segment, position=len(made), start_seconds=segment.start_seconds + shift, end_seconds=now)
            made.append(replace(begun, text=" ".join(words), word_times=times))
    return tuple(made)


class Run:
    """The run's own process. ``spent`` holds the CPU seconds of each thing that it does, an episode after the other."""

    def __init__(self, warehouse: Warehouse, segments: Sequence[Segment], extraction: Extraction) -> None:
        self._warehouse, self._segments, self._extraction = warehouse, segments, extraction
        self._history = TalkHistory(warehouse)
        self.spent: dict[str, list[float]] = {}

    def take_in(self, episodes: int) -> Measured:
        """CPU seconds for an episode, by how much they grow with each one stored, and bytes of the database."""
        with self._warehouse.write() as con:
            con.execute("insert into raw.feeds (feed_url, title, shown_url, added_at) values ('f', 'f', 'f', now())")
            con.executemany(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls,"
                " description, status) values (?, ?, 'An episode', now(), ?, '[]', '', 'due')",
                [(f"ep_{n}", f"f{n}", DAY) for n in range(episodes)],
            )
        before = size_of(self._warehouse)
        for number in range(episodes):
            self._take_in(number)
        half = episodes // 2
        found: Measured = {"bytes": (size_of(self._warehouse) - before) / episodes}
        for name, seconds in self.spent.items():
            found[name] = sum(seconds[:half]) / half
            found[f"{name}{GROWTH}"] = max(0.0, (sum(seconds[-half:]) - sum(seconds[:half])) / half / half)
        return found

    def _take_in(self, number: int) -> None:
        episode = Episode(f"ep_{number}", f"f{number}", "f", "An episode", None, None, "", None, "en")
        segments, sha = talk(self._segments, number), f"{number:064d}"
        heard = Transcript(episode.episode_id, "asr", "base", "en", segments, sha, 3600.0, 0.1)
        own = [
            replace(c, claim_id=f"{c.claim_id}{number}", episode_id=episode.episode_id)
            for c in self._extraction.candidates
        ]
        found = replace(self._extraction, candidates=tuple(own))

        def save() -> None:
            with self._warehouse.write() as con:
                save_extraction(con, episode, DAY, found, extractor_key="x", compute_seconds=1.0)

        self._note("looking for the same file", lambda: self._history.with_audio(sha, episode.episode_id))
        earlier = self._note(
            "reading the show's talks", lambda: self._history.earlier_texts(episode.feed_url, episode.episode_id)
        )
        flagged = self._note("flagging advertisements", lambda: annotate(heard, episode, earlier))
        outcome = Outcome(episode, "transcribed", None, flagged)
        self._note("looking for the same talk", lambda: self._history.with_same_talk(flagged))
        self._note("writing the transcript", lambda: save_outcome(self._warehouse, outcome, DAY, max_attempts=3))
        self._note("reading it for claims", lambda: load_segments(self._warehouse, episode.episode_id))
        self._note("writing the claims", save)

    def _note(self, name: str, work: Callable[[], T]) -> T:
        seconds, result = timed(work)
        self.spent.setdefault(name, []).append(seconds)
        return result


def size_of(warehouse: Warehouse) -> int:
    """Bytes of the database's blocks that hold something."""
    with warehouse.read() as con:
        con.execute("checkpoint")
        rows = con.execute("select block_size * used_blocks from pragma_database_size()").fetchall()
    return int(rows[0][0])


def clustering() -> float:
    """CPU seconds for a thousand claims."""
    chance = np.random.default_rng(1)
    centres = chance.normal(size=(CLUSTERED // 20, 384))
    vectors = centres[chance.integers(0, len(centres), CLUSTERED)] + chance.normal(size=(CLUSTERED, 384))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts = [f"claim {n} speaks of matter {n % 97} and thing {n % 31}" for n in range(CLUSTERED)]
    return timed(lambda: cluster_claims(vectors, texts, min_size=3))[0] / (CLUSTERED / 1000)


def main() -> None:
    """Measure, then reckon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=200, help="episodes that are written to measure the writer")
    options = parser.parse_args()
    audio = sorted((bundled("demo") / "audio").glob("*.mp3"))[0]
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home), whisper_language="feed")
        hearing, segments = models(settings, audio)
        get_embedder(settings).embed(["warm"])
        get_talk_rater(settings).rate(["warm"])
        get_reranker(settings).rate([("", "warm", "")])
        episode = Episode("ep", "f", "f", "An episode", None, None, "", None, "en")
        seconds, extraction = timed(lambda: ExtractiveExtractor(settings).extract(episode, segments))
        heard_hours = segments[-1].end_seconds / 3600
        hearing["encoder and claims"] = seconds / heard_hours
        hashing = timed(lambda: [sha256_of(audio) for _ in range(20)])[0] / 20 / audio.stat().st_size
        many = round(settings.max_candidates_per_hour * HOURS_AN_EPISODE)
        own = [replace(c, claim_id=f"{c.claim_id}-{n}") for n in range(many) for c in extraction.candidates][:many]
        run = Run(Warehouse(settings.database), segments, replace(extraction, candidates=tuple(own)))
        written = run.take_in(options.episodes)
        report(hearing, written, hashing, clustering(), many, options.episodes)


def report(
    hearing: Measured, written: Measured, hashing: float, clustering_seconds: float, claims: int, stored: int
) -> None:
    """The tables."""
    print("measured: CPU seconds of one core for an hour of audio")
    for name, seconds in hearing.items():
        print(f"  {name:34} {seconds:8.1f} s")
    hours = EPISODES_A_DAY * HOURS_AN_EPISODE
    an_hour = hearing["Whisper base, decoding included"] + hearing["encoder and claims"]
    print(f"\n{EPISODES_A_DAY:,} episodes of {HOURS_AN_EPISODE} h a day:")
    print(f"  on {GPUS} GPUs each must hear {hours / GPUS / 24:.0f} hours an hour")
    print(f"  with Whisper base on cores of this machine, {hours * an_hour / DAY_SECONDS:,.0f} of them")

    audio_bytes = HOURS_AN_EPISODE * 3600 * BYTES_A_SECOND
    print("\nthe run's process, which is one, with an empty database:")
    rows = {name: s for name, s in written.items() if not name.endswith(GROWTH) and name != "bytes"}
    rows["hashing audio"] = hashing * audio_bytes
    rows["asking feeds"] = MS_A_FEED / 1000 * ASKS_A_FEED_AND_DAY * 7 / EPISODES_A_FEED_AND_WEEK
    rows["all of it"] = sum(rows.values())
    for name, seconds in sorted(rows.items(), key=lambda row: row[1]):
        print(f"  {name:34} {seconds * 1000:8.2f} ms an episode {seconds * EPISODES_A_DAY / DAY_SECONDS:8.1%} of a day")
    print(f"  it keeps up with {DAY_SECONDS / rows['all of it']:,.0f} episodes a day, if nothing grows. What grows:")
    for name, seconds in written.items():
        if name.endswith(GROWTH):
            print(f"  {name.removesuffix(GROWTH):34} {seconds * 1e6:8.1f} ms more with each 1,000 that are stored")
    print(f"  (between the halves of {stored} episodes)")

    rate, database = audio_bytes * EPISODES_A_DAY / DAY_SECONDS, written["bytes"]
    print("\ndisk, network, catalog:")
    print(f"  database {database / 1e3:.0f} kB an episode, {database * EPISODES_A_DAY / 1e9:.1f} GB a day")
    print(f"  audio {audio_bytes / 1e6:.0f} MB an episode, {rate * 8 / 1e9:.2f} Gbit/s in, the same out to the workers")
    print(f"  two transactions an episode: one may take {DAY_SECONDS / EPISODES_A_DAY / 2 * 1000:.0f} ms in all")
    window = claims * EPISODES_A_DAY * WINDOW_DAYS
    days = window / 1000 * clustering_seconds / DAY_SECONDS
    print(f"\nclustering: {clustering_seconds:.2f} s for 1,000 claims")
    print(f"  the window of {WINDOW_DAYS} days has {window / 1e6:,.0f} million:", end=" ")
    print(f"{window * 384 * 4 / 1e9:,.0f} GB of vectors, and {days:,.1f} days of one core, were it linear")


if __name__ == "__main__":
    main()
