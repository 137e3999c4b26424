"""What a backfill costs as history grows: time, processor, memory and size of the database, day by day.

    python -m bench.backfill --opml http://127.0.0.1:8765/opml --from 2024-08-26 --days 90 [--home FOLDER]

Days run as ``digest run --from --to`` runs them, in a home of its own. A day's cost depends on its episodes, so growth
is read from a least-squares fit of a day's seconds over its claims, its episodes and its number: what a day costs more
at the end than at the start with the same episodes. The first day also loads models and parses dbt's project, and is
left out of the fit.
"""

import argparse
import os
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from bench.measure import processor_seconds, watch_memory


def main() -> None:
    """Run the days and print a line each, then what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opml", required=True, help="subscription list")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--home", type=Path, help="keep everything there; default: a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DIGEST_HOME"] = str(options.home or scratch)
        os.environ |= {"DIGEST_ALLOW_PRIVATE_HOSTS": "1", "DIGEST_FIRST_DAY": options.first.isoformat()}
        backfill(options.opml, [options.first + timedelta(days=n) for n in range(options.days)])


def backfill(opml: str, days: list[date]) -> None:
    """Run ``days`` and print."""
    from digest_pipeline.cli.feeds import subscribe_to_list
    from digest_pipeline.runs import run_days
    from digest_pipeline.settings import load_settings

    settings = load_settings()
    subscribe_to_list(opml, settings)
    rows = []
    with watch_memory() as memory:
        began = mark = time.monotonic()
        spent = processor_seconds()
        for number, summary in enumerate(run_days(days, settings)):
            seconds, mark = time.monotonic() - mark, time.monotonic()
            processor, spent = processor_seconds() - spent, processor_seconds()
            size = settings.database.stat().st_size / 1e6
            rows.append((number, summary.episodes, summary.candidates, seconds, processor, size))
            print(f"{summary.day}: {summary.episodes} episodes, {summary.candidates} claims,"
                  f" {summary.published} published, {seconds:.1f} s ({processor:.1f} s processor),"
                  f" database {size:.1f} MB{'' if summary.succeeded else ', FAILED'}", flush=True)  # fmt: skip
            for text in summary.attention:
                print(f"  {text}", flush=True)
    table = np.array(rows, dtype=float)
    episodes, claims = table[:, 1], table[:, 2]
    print(f"\n{len(rows)} days, {episodes.sum():.0f} episodes, {claims.sum():.0f} claims in {mark - began:.0f} s;"
          f" peak memory of all processes {max(memory):.0f} MB")  # fmt: skip
    print(f"database: {table[-1, 5]:.1f} MB, {1000 * (table[-1, 5] - table[0, 5]) / (len(rows) - 1):.0f} kB a day")
    for name, column in (("wall", 3), ("processor", 4)):
        later = table[1:]
        terms = np.column_stack([np.ones(len(later)), later[:, 1], later[:, 2], later[:, 0] / len(rows)])
        fixed, each, claim, growth = np.linalg.lstsq(terms, later[:, column], rcond=None)[0]
        usual = fixed + each * episodes.mean() + claim * claims.mean()
        print(f"{name}: {fixed:.1f} s a day + {each:.1f} s an episode + {1000 * claim:.0f} ms a claim;"
              f" from the first to the last day {growth:+.1f} s, {growth / usual:+.0%} of a usual day")  # fmt: skip


if __name__ == "__main__":
    main()
