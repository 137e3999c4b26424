"""Themes over days: births, deaths, mergers, splits, and the share of claims that keep their theme from day to day.

    python -m bench.memory.replay --database FILE --from 2024-09-01 --days 60

FILE is what ``bench.memory.talks`` made. The days are clustered as the asset does, twice, each time in a copy without
any theme; the second time has to give the same ids.
"""

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from digest_pipeline.clusters.day import cluster_day
from digest_pipeline.encoder import get_embedder
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse import Warehouse

Members = dict[date, dict[str, str]]


def replay(database: Path, days: Sequence[date], *, show: bool) -> Members:
    """Claim to theme for each day; ``show`` prints what happened and how long it took."""
    settings = load_settings()
    embedder = get_embedder(settings)
    events: Counter[str] = Counter()
    members: Members = {}
    noise, seconds, sizes = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "digest.duckdb"
        shutil.copyfile(database, copy)
        warehouse = Warehouse(copy)
        for day in days:
            began = time.monotonic()
            found = cluster_day(warehouse, embedder, day, settings)
            seconds.append(time.monotonic() - began)
            members[day] = {
                found.claims[i].claim_id: named.cluster_id for named in found.themes for i in named.theme.members
            }
            noise.append(found.noise_share)
            sizes.append(len(found.themes))
            events.update(event.event for event in found.events)
    if show:
        print(f"claims in the last window {len(found.claims)}, themes a day {min(sizes)} to {max(sizes)}")
        print(f"noise share, mean {sum(noise) / len(noise):.3f}; seconds a day, mean {sum(seconds) / len(seconds):.2f}")
        print("events:", ", ".join(f"{count} {event}" for event, count in sorted(events.items())))
        for named in sorted(found.themes, key=lambda n: -len(n.theme.members))[:10]:
            words = ", ".join(named.keywords)
            print(f"  {len(named.theme.members):4d}  {named.title.text}  [{words}] {named.trend.trend}")
    return members


def kept_shares(members: Members) -> tuple[float, float]:
    """Claims that are in the same theme the day after, as a share of all, and of those in any theme then."""
    kept = moved = dropped = 0
    days = sorted(members)
    for yesterday, today in pairwise(days):
        for claim, theme in members[yesterday].items():
            now = members[today].get(claim)
            kept += now == theme
            moved += now is not None and now != theme
            dropped += now is None
    return kept / max(1, kept + moved + dropped), kept / max(1, kept + moved)


def main() -> None:
    """Read the arguments and replay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    days = [options.first + timedelta(days=n) for n in range(options.days)]
    first = replay(options.database, days, show=True)
    everywhere, in_themes = kept_shares(first)
    print(
        f"claims that keep their theme from day to day: {everywhere:.3f}; of those in a theme on both: {in_themes:.3f}"
    )
    print("a second replay gives the same ids:", replay(options.database, days, show=False) == first)


if __name__ == "__main__":
    main()
