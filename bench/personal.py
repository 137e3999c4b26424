"""What interests do to the five: overlap with the common digest and closeness to the interests, before and after.

    python -m bench.personal --home HOME [--days 10]

HOME is a home folder in which days were run; the days with the most insights to choose from are taken, in order, and
each of the 20 invented persons gets one digest a day, never an insight twice. Printed for each person, as means over
all insights that they got: the share of the common insights that they got too, the cosine to the nearest of their
interests of the common insights ("before") and of theirs ("after"), the same for the best that the rules would allow
if scores did not count ("at most"), and the base scores. Then the time that personal digests take.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import numpy as np

from digest_pipeline.delivery.interests import ABOUT, FOREIGN, subjects_of
from digest_pipeline.delivery.personal import digest_for
from digest_pipeline.delivery.pool import PersonalPool, load_pool
from digest_pipeline.encoder import get_embedder
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.publishing.store import published_days, published_digests
from digest_pipeline.scoring.select import Published, choose
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import looking

PROFILES = (
    "AI hardware and chips, the cost of training large models",
    "Open source licences, how maintainers get paid",
    "Security breaches and what caused them, passwords and encryption",
    "JavaScript runtimes and package managers",
    "The music industry, streaming and piracy",
    "Observability, logs and the bills of cloud providers",
    "Databases, transactions and isolation levels",
    "Venture capital, founders, how startups make money",
    "Bitcoin mining and the Lightning network",
    "Developer productivity and happiness at work",
    "Energy use of computers and of brains",
    "Web performance, browsers and CSS",
    "Kubernetes, deployments and running servers",
    "Language models that write code",
    "Outages: how big systems fail",
    "Productivity systems, planning, habits",
    "Robots, sensors and hardware hacking",
    "Hiring, careers and layoffs in technology",
    "Growing vegetables, soil and compost",
    "Football tactics and the transfer market",
)


@dataclass(slots=True)
class Tally:
    """What one person got."""

    shared: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    at_most: list[float] = field(default_factory=list)
    scores_before: list[float] = field(default_factory=list)
    scores_after: list[float] = field(default_factory=list)


def main(home: Path, days: int) -> None:
    """Measure and print."""
    settings = load_settings(home=home)
    embedder = get_embedder(settings)
    with looking(settings) as con:
        digests = published_digests(con, published_days(con))
        pools = {day: load_pool(con, [digest], settings, load=lambda: embedder) for day, digest in digests.items()}
    richest = sorted(sorted(pools, key=lambda day: -len(pools[day].items))[:days])
    sizes = [f"{day} {len(digests[day].items)} of {len(pools[day].items)}" for day in richest]
    print(f"days, with common insights of the pool: {'; '.join(sizes)}\n")
    persons = [Subscriber(f"su_{n}", "mail", "", is_active=True, interests=text) for n, text in enumerate(PROFILES)]
    tallies = [measure(person, [(digests[day], pools[day]) for day in richest]) for person in persons]
    print(f"{'interests':<68}{'shared':>7}{'before':>8}{'after':>7}{'at most':>9}{'score':>7}{'->':>4}{'score':>6}")
    for person, tally in zip(persons, tallies, strict=True):
        print(row(person.interests, tally))
    everyone = Tally(*([x for tally in tallies for x in getattr(tally, name)] for name in Tally.__slots__))
    print(row("all", everyone))
    closeness(persons, [pools[day] for day in richest])
    speed([(digests[day], pools[day]) for day in richest])


def measure(person: Subscriber, days: Sequence[tuple[Digest, PersonalPool]]) -> Tally:
    """Give one person a digest a day."""
    tally, had = Tally(), frozenset[str]()
    ideal_had = frozenset[str]()
    for common, pool in days:
        cosines = dict(zip((i.claim_id for i in pool.items), nearest(person, pool), strict=True))
        own = digest_for(person, common, pool, had)
        ideal = closest(cosines, pool, ideal_had)
        had |= {item.claim_id for item in own.items}
        ideal_had |= set(ideal)
        ids = {item.claim_id for item in own.items}
        tally.shared += [item.claim_id in ids for item in common.items]
        tally.before += [cosines[item.claim_id] for item in common.items]
        tally.after += [cosines[item.claim_id] for item in own.items]
        tally.at_most += [cosines[claim_id] for claim_id in ideal]
        tally.scores_before += [item.score for item in common.items]
        tally.scores_after += [item.score for item in own.items]
    return tally


def closest(cosines: dict[str, float], pool: PersonalPool, had: frozenset[str]) -> list[str]:
    """Their claims if only closeness counted, by the rules of a digest and without repeating a claim."""
    rows = [row for row, item in enumerate(pool.items) if item.claim_id not in had]
    order = sorted(rows, key=lambda row: -cosines[pool.items[row].claim_id])
    nothing = Published([], [], pool.vectors[:0])
    picks = choose(order, pool.claims, pool.vectors, nothing, pool.settings)
    return [pool.items[row].claim_id for row, refusal in picks if refusal is None]


def nearest(person: Subscriber, pool: PersonalPool) -> list[float]:
    """Cosine of each insight of the pool to the nearest of a person's subjects."""
    subjects = pool.reader.load().embed(subjects_of(person.interests))
    nearest: list[float] = (pool.vectors @ subjects.T).max(axis=1).tolist()
    return nearest


def row(name: str, tally: Tally) -> str:
    """A line of the table."""
    return (
        f"{name:<68}{mean(tally.shared):>7.2f}{mean(tally.before):>8.3f}{mean(tally.after):>7.3f}"
        f"{mean(tally.at_most):>9.3f}{mean(tally.scores_before):>7.3f}{mean(tally.scores_after):>10.3f}"
    )


def closeness(persons: Sequence[Subscriber], pools: Sequence[PersonalPool]) -> None:
    """Where the cosines lie that closeness is made of."""
    values = np.array([cosine for person in persons for pool in pools for cosine in nearest(person, pool)])
    quantiles = ", ".join(f"{share:.0%} {np.quantile(values, share):.2f}" for share in (0.1, 0.5, 0.9, 0.97, 0.99))
    print(f"\ncosine of an insight to somebody's nearest interest: {quantiles}; scaled from {FOREIGN} to {ABOUT}")


def speed(days: Sequence[tuple[Digest, PersonalPool]], subscribers: int = 1000) -> None:
    """Seconds for many subscribers, with interests of their own and without, on the day with the largest pool."""
    common, pool = max(days, key=lambda day: len(day[1].items))
    texts = [f"{PROFILES[n % len(PROFILES)]}, subject {n}" for n in range(subscribers)]
    persons = [Subscriber(f"su_{n}", "mail", "", interests=text) for n, text in enumerate(texts)]
    plain = [Subscriber(f"su_{n}", "mail", "") for n in range(subscribers)]
    times = []
    for who in (plain, persons):
        start = time.perf_counter()
        pool.reader.learn(person.interests for person in who)
        learnt = time.perf_counter()
        for person in who:
            digest_for(person, common, pool, frozenset())
        times += [learnt - start, time.perf_counter() - learnt]
    print(
        f"{subscribers} subscribers, pool of {len(pool.items)}: common {times[1]:.2f} s;"
        f" personal {times[3]:.2f} s, and {times[2]:.2f} s to embed {subscribers} new subjects"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--days", type=int, default=10)
    arguments = parser.parse_args()
    main(arguments.home.resolve(), arguments.days)
