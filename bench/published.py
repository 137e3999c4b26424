"""A made-up archive of published digests: what the site's benchmark and its tests are built from."""

import random
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from digest_pipeline.models import Digest, DigestItem, stable_id
from digest_pipeline.publishing.related import relate
from digest_pipeline.publishing.store import record_digest

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
CLOSENESS = 1.2  # noise beside a topic's direction: two claims of a topic then have a cosine of about 0.4
CLAIMS_A_DAY, WINDOW_DAYS = 12, 45
TOPICS = {
    "Battery, evening, price": ("batteries", "the evening price", "a grid operator"),
    "Rent, flats, vacancy": ("new flats", "the rent of old buildings", "a housing office"),
    "Model, tokens, cost": ("small models", "the cost of an answer", "a support team"),
    "Trial, effect, sample": ("underpowered trials", "the size of an effect", "a review board"),
    "Heat, pump, winter": ("heat pumps", "the winter peak", "a network of 3,000 homes"),
    "Queue, fee, deposit": ("a refundable deposit", "the length of the queue", "a transmission company"),
    "Bus, fare, riders": ("free fares", "the number of riders", "a mid-sized city"),
    "Yield, soil, cover": ("cover crops", "the yield of wheat", "a farm of 900 hectares"),
}
CLAIMS = (
    "At {where}, {what} moved {measure} by {n} percent within {m} months, most of it in the first {k} weeks",
    "{n} percent of {measure} comes from {what} that nobody at {where} had counted before",
    "When {where} paid for {what} only if {measure} fell, costs dropped by {n} percent and complaints did not rise",
    "{what} changes {measure} only above a threshold of {n} percent; below it {where} saw nothing in {m} months",
)
REASONS = (
    "The people who ran it expected half of that. They had kept a control group of {m}, which did not move at all.",
    "It held up when they left out the {k} largest cases, and it was gone as soon as the rule was lifted.",
)
PEOPLE = ("Ada Lindqvist", "Bo Marchetti", "Chidi Okafor", "Dana Weiss", None)
SHOWS = tuple(f"Show of the {word}" for word in ("Anvil", "Bridge", "Comet", "Delta", "Ember", "Fjord", "Grove"))
FILLER = "So we looked at it again, and we asked the people who were there, and they said the same thing twice."


def made_up_digest(day: date, chance: random.Random, *, count: int = 5) -> Digest:
    """A plausible digest; equal chance, equal digest."""
    items = []
    for rank, theme in enumerate(chance.sample(sorted(TOPICS), count), start=1):
        what, measure, where = TOPICS[theme]
        numbers = {"n": chance.randint(3, 80), "m": chance.randint(5, 36), "k": chance.randint(2, 9)}
        headline = chance.choice(CLAIMS).format(what=what, measure=measure, where=where, **numbers)
        headline = headline[0].upper() + headline[1:] + "."
        explanation = chance.choice(REASONS).format(**numbers)
        claim_id, start = stable_id("cl", str(day), headline, str(rank)), round(chance.uniform(60, 3600), 2)
        show = chance.choice(SHOWS)
        around = " ".join([FILLER] * 4)
        items.append(
            DigestItem(
                rank, claim_id, headline, explanation, f"{headline} {explanation}", chance.choice(PEOPLE), show,
                f"Episode {chance.randint(1, 400)}: {measure}", start, start + 24.5,
                f"https://audio.example/{claim_id}.mp3", f"https://shows.example/{claim_id}", theme,
                round(0.8 - rank * 0.03, 4),
                {name: round(chance.random(), 4) for name in ("worthiness", "clarity", "novelty", "momentum")},
                "A strong claim; nothing like it was said in the last 45 days.", stable_id("th", theme), around, around,
            )
        )  # fmt: skip
    return Digest(day, tuple(items), episodes=9, shows=7, candidates=chance.randint(60, 240))


def publish(con: duckdb.DuckDBPyConnection, digest: Digest, chance: np.random.Generator) -> None:
    """Record a digest with the embeddings and themes that the stages before would have left for its day."""
    embeddings, members, claims = [], [], []
    for item in digest.items:
        direction = np.random.default_rng(sum(map(ord, item.theme or ""))).normal(size=DIMENSIONS)
        vector = direction / np.linalg.norm(direction) + CLOSENESS * chance.normal(size=DIMENSIONS) / DIMENSIONS**0.5
        embeddings.append((item.claim_id, MODEL, (vector / np.linalg.norm(vector)).tolist()))
        ids = [item.claim_id, *(f"{item.claim_id}_{n}" for n in range(int(chance.integers(CLAIMS_A_DAY // 5 + 1))))]
        members += [(claim_id, digest.digest_date, item.theme_id, 1.0) for claim_id in ids if item.theme_id]
        claims += [(claim_id, digest.digest_date) for claim_id in ids]
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        embeddings,
        schema={"claim_id": pl.String, "model": pl.String, "embedding": pl.List(pl.Float32)},
        orient="row",
    )
    con.execute("insert or replace into raw.claim_embeddings by name select * from rows")
    if claims:
        con.executemany(
            "insert or replace into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation,"
            " quote, start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
            " values (?, ?, 'ep', '', '', '', 0, 1, 0, 0, 0.5, false, 'made up')",
            claims,
        )
    con.execute(
        "insert or replace into raw.cluster_days values (?, ?, ?, ?, ?, 0)",
        [digest.digest_date, MODEL, WINDOW_DAYS, len(claims), len({theme for _, _, theme, _ in members})],
    )
    if members:
        con.executemany("insert or replace into raw.cluster_members values (?, ?, ?, ?)", members)
    record_digest(con, digest)
    con.execute(  # as if published on its day, so that equal archives give equal feeds
        "update raw.digests set published_at = digest_date + interval 30 hour where digest_date = ?",
        [digest.digest_date],
    )
    relate(con, digest, MODEL)


def made_up_archive(first: date, days: int) -> list[Digest]:
    """Digests of so many days in a row."""
    chance = random.Random(7)
    return [made_up_digest(first + timedelta(days=n), chance) for n in range(days)]
