"""What a search costs over many claims, against a plain scan, and whether a day costs the same as history grows.

    python -m bench.search [CLAIMS] [TALK]

Builds a made-up history of CLAIMS claims (200,000) and TALK passages of talk to each (1), searches it warm, and prints
median and 95th percentile of whole searches (encoding the question and reading the answers included), with filters and
without, beside the plain scan that a person would write in SQL: `ilike` for each word and `list_dot_product` over all
embeddings, of the claims alone. Along the way, days are taken in by the shipped update at several sizes of history.

Words are drawn from a Zipf distribution; vectors are real ones of made-up claims with noise, so that questions find
something. CPU time is given beside the wall time, which other work on the machine stretches.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

import duckdb
import numpy as np
import polars as pl

from bench.measure import amounts
from bench.published import SHOWS, made_up_archive
from digest_pipeline.encoder import Embedder, Vectors, get_embedder
from digest_pipeline.search import search, update_index
from digest_pipeline.search.index import add_episode, open_index
from digest_pipeline.search.passages import EpisodePassages, Passage
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import warehouse_of

T = TypeVar("T")
FIRST = date(2025, 1, 1)
CLAIMS_AN_EPISODE, EPISODES_A_DAY = 20, 5
FUNCTION_WORDS = ["the", "of", "and", "to", "a", "in", "that", "is", "was", "it", "for", "on", "with", "as", "at", "by"]
QUESTIONS = (
    "why batteries earn most in the evening", "rent of old buildings", "small models answer cheaply",
    "heat pumps winter",
    "who pays for free fares", "underpowered trials and the size of an effect", "cover crops", "deposit for the queue",
    "what support teams learned about the cost of an answer", "a threshold below which nothing happens",
)  # fmt: skip
THEMES = (  # as dbt would leave them
    "create schema marts",
    """create table marts.fct_claim_themes as select claim_id, 'th_' || hash(claim_id) % 4000 as cluster_id
    from raw.claim_candidates where hash(claim_id, 1) % 2 = 0""",
    """create table marts.dim_themes as
    select 'th_' || i as cluster_id, 'Theme ' || i as theme, 'Words ' || i as label from range(4000) t(i)""",
)
SCAN = """
select c.claim_id from raw.claim_candidates c join raw.claim_embeddings v using (claim_id)
order by ({words}) / 10.0 + list_dot_product(v.embedding, $vector::float[]) desc limit 10
"""


class MadeUp:
    """Episodes, equal for an equal number."""

    def __init__(self, settings: Settings, talk: int) -> None:
        self.talk = talk
        self.texts = [item.quote for digest in made_up_archive(FIRST, 200) for item in digest.items]
        self.vectors = get_embedder(settings).embed(self.texts)
        chance = np.random.default_rng(3)
        syllables = [
            "ba",
            "ko",
            "ri",
            "ten",
            "mo",
            "sul",
            "ve",
            "dra",
            "pi",
            "no",
            "lar",
            "ge",
            "fi",
            "tu",
            "sha",
            "en",
        ]
        self.vocabulary = FUNCTION_WORDS + ["".join(chance.choice(syllables, 4)) for _ in range(30_000)]
        weights = 1 / np.arange(1, len(self.vocabulary) + 1)
        self.shares = weights / weights.sum()

    def episode(self, number: int) -> tuple[EpisodePassages, Vectors]:
        """An episode and a vector for each of its passages."""
        chance = np.random.default_rng(number)
        claims = CLAIMS_AN_EPISODE
        count = claims * (1 + self.talk)
        base = chance.integers(len(self.texts), size=count)
        drawn = chance.choice(self.vocabulary, (count, 60), p=self.shares)
        passages = []
        for place in range(count):
            is_claim = place < claims
            text = " ".join([self.texts[base[place]], *drawn[place][: 15 if is_claim else 60]])
            claim_id = f"cl_{number:06}_{place:02}" if is_claim else None
            start = 30.0 * place
            passages.append(Passage(claim_id, f"Speaker {number % 997}", start, start + 20, text, text))
        noisy = (
            self.vectors[base] + 0.7 * chance.normal(size=(count, self.vectors.shape[1])) / self.vectors.shape[1] ** 0.5
        )
        noisy = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
        return EpisodePassages(f"ep_{number:06}", "", tuple(passages), {}), noisy

    def store(self, warehouse: Warehouse, numbers: range) -> None:
        """Write the episodes as the stages before would."""
        episodes, claims, segments, embeddings = [], [], [], []
        for number in numbers:
            episode, vectors = self.episode(number)
            day = FIRST + timedelta(days=number // EPISODES_A_DAY)
            episodes.append(
                (episode.episode_id, f"https://shows.example/{number % len(SHOWS)}", f"Episode {number}", day)
            )
            for place, passage in enumerate(episode.passages):
                if passage.claim_id:
                    row = (
                        passage.claim_id,
                        episode.episode_id,
                        day,
                        passage.text,
                        passage.speaker,
                        passage.start_seconds,
                    )
                    claims.append(row)
                    embeddings.append((passage.claim_id, "all-MiniLM-L6-v2", vectors[place]))
                else:
                    segments.append((episode.episode_id, place, passage.start_seconds, passage.speaker, passage.text))
        frames = {
            "e": pl.DataFrame(episodes, ["episode_id", "feed_url", "title", "day"], orient="row"),
            "c": pl.DataFrame(claims, ["claim_id", "episode_id", "day", "text", "speaker", "start"], orient="row"),
            "s": pl.DataFrame(
                segments or None,
                ["episode_id", "position", "start", "speaker", "text"] if segments else None,
                orient="row",
            ),
            "v": pl.DataFrame(
                {
                    "claim_id": [claim_id for claim_id, _, _ in embeddings],
                    "model": "all-MiniLM-L6-v2",
                    "embedding": np.array([vector for _, _, vector in embeddings]),
                }
            ),
        }
        with warehouse.write() as con:
            for name, frame in frames.items():
                con.register(f"{name}_rows", frame)
            con.execute(
                "insert into raw.episodes by name select episode_id, feed_url, title, day as first_seen_at,"
                " day as digest_date, 'https://audio.example/' || episode_id || '.mp3' as audio_url,"
                " '[]' as transcript_urls, '' as description, 'transcribed' as status from e_rows"
            )
            con.execute(
                "insert into raw.claim_candidates by name select claim_id, episode_id, day as digest_date,"
                " text as headline, '' as explanation, text as quote, speaker, start as start_seconds,"
                " start + 20 as end_seconds, 0 as first_position, 0 as last_position, 0.5 as worthiness,"
                " false as is_ad, 'made up' as extractor from c_rows"
            )
            if segments:
                con.execute(
                    "insert into raw.transcript_segments by name select episode_id, position, start as start_seconds,"
                    " start + 20 as end_seconds, speaker, text, false as is_ad from s_rows"
                )
            con.execute("insert into raw.claim_embeddings by name from v_rows")


def main(claims: int, talk: int) -> None:
    """Build and measure."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(home=Path(name))
        warehouse = warehouse_of(settings)
        embedder = get_embedder(settings)
        made_up = MadeUp(settings, talk)
        with warehouse.write() as con:
            con.executemany(
                "insert into raw.feeds (feed_url, title, added_at) values (?, ?, ?)",
                [(f"https://shows.example/{n}", show, FIRST) for n, show in enumerate(SHOWS)],
            )
        number = 0
        print(f"{os.cpu_count()} cores; {talk} passages of talk to a claim", flush=True)
        for share in (0.1, 0.5, 1.0):
            until = round(claims * share / CLAIMS_AN_EPISODE) - EPISODES_A_DAY
            build(settings, warehouse, made_up, range(number, until))
            number = until + EPISODES_A_DAY
            made_up.store(warehouse, range(until, number))
            day = FIRST + timedelta(days=(number - 1) // EPISODES_A_DAY)
            took, report = seconds(lambda: update_index(settings.search_index, warehouse.read, embedder, day))  # noqa: B023
            again, _ = seconds(lambda: update_index(settings.search_index, warehouse.read, embedder, day))  # noqa: B023
            print(
                f"{number * CLAIMS_AN_EPISODE:,} claims of history: a day of {report.episodes} episodes,"
                f" {report.passages} passages in {took:.2f} s, the same day again in {again:.3f} s",
                flush=True,
            )
        with warehouse.write() as con:
            for statement in THEMES:
                con.execute(statement)
        size = settings.search_index.stat().st_size / 1e6
        print(f"index {size:,.0f} MB, warehouse {settings.database.stat().st_size / 1e6:,.0f} MB")
        took, _ = seconds(lambda: search(QUESTIONS[0], settings=settings))
        print(f"first search of a process, model loaded: {took:.2f} s")
        chance = random.Random(5)
        questions = [f"{chance.choice(QUESTIONS)} {chance.choice(made_up.vocabulary)}" for _ in range(60)]
        middle = FIRST + timedelta(days=number // EPISODES_A_DAY // 2)
        report_times("search", questions, lambda q: search(q, settings=settings))
        report_times("of one show", questions, lambda q: search(q, show="Comet", settings=settings))
        report_times("of one theme", questions, lambda q: search(q, theme="Theme 17", settings=settings))
        report_times("of half the days", questions, lambda q: search(q, first=middle, settings=settings))
        with warehouse.read() as con:
            report_times("plain scan of the claims in SQL", questions[:15], lambda q: scan(con, embedder, q))


def build(settings: Settings, warehouse: Warehouse, made_up: MadeUp, numbers: range) -> None:
    """Bring in history: the warehouse in bulk, the index without asking the encoder."""
    for first in range(numbers.start, numbers.stop, 1000):
        made_up.store(warehouse, range(first, min(first + 1000, numbers.stop)))
    with open_index(settings.search_index) as con:
        for number in numbers:
            episode, vectors = made_up.episode(number)
            con.execute("begin immediate")
            add_episode(con, episode, vectors, "all-MiniLM-L6-v2")
            con.execute("commit")


def scan(con: duckdb.DuckDBPyConnection, embedder: Embedder, question: str) -> list[tuple[str]]:
    """The baseline: every claim is read."""
    words = " + ".join(f"(c.headline ilike '%{word}%')::int" for word in question.split())
    vector = np.array2string(embedder.embed([question])[0], separator=",", threshold=1000, max_line_width=10**6)
    return con.execute(SCAN.format(words=words), {"vector": vector}).fetchall()


def report_times(what: str, questions: Sequence[str], ask: Callable[[str], object]) -> None:
    """Median and 95th percentile, in milliseconds."""
    wall, cpu = [], []
    for question in questions:
        began, used = time.perf_counter(), time.process_time()
        ask(question)
        wall.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    last = int(len(questions) * 0.95)
    print(
        f"{what}: median {median(wall):.0f} ms, 95th percentile {sorted(wall)[last]:.0f} ms"
        f" (CPU {median(cpu):.0f} and {sorted(cpu)[last]:.0f} ms)",
        flush=True,
    )


def seconds(action: Callable[[], T]) -> tuple[float, T]:
    """Wall time of a call, and its result."""
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main(**amounts(__doc__, claims=200_000, talk=1))
