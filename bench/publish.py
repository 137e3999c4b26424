"""What the site costs: 365 days of it, and the day that is added to them, against building everything anew.

    python -m bench.publish [DAYS]

Prints the time and size of the whole build, the time of the incremental build of the next day, of a build that changes
nothing, and the baseline: the same day published by rendering every page anew. Times are of one process, the median of
`RUNS` days; the made-up archive (bench/published.py) has five insights a day.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import numpy as np

from bench.measure import amounts
from bench.published import made_up_archive, publish
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.site import write_site
from digest_pipeline.warehouse import Warehouse

FIRST, RUNS = date(2025, 1, 1), 5


def main(days: int) -> None:
    """Build and measure."""
    site = Site("Five from the feeds", "https://digest.example/", "digest.example,2025")
    chance = np.random.default_rng(7)
    archive = made_up_archive(FIRST, days + RUNS)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        warehouse = Warehouse(home / "digest.duckdb")
        with warehouse.write() as con:
            for digest in archive[:days]:
                publish(con, digest, chance)
        with warehouse.read() as con:
            whole, files = seconds(lambda: write_site(home / "site", con, [], site))
            size = sum(path.stat().st_size for path in (home / "site").rglob("*") if path.is_file())
            print(f"{days} days, {sum(len(d.items) for d in archive[:days])} insights")
            print(f"whole build: {whole:.2f} s, {len(files)} files, {size / 1e6:.1f} MB")
        added, anew, counts = [], [], []
        for digest in archive[days:]:
            with warehouse.write() as con:
                publish(con, digest, chance)
            day = digest.digest_date
            with warehouse.read() as con:
                took, files = seconds(lambda: write_site(home / "site", con, [day], site))  # noqa: B023 - called at once
                added.append(took)
                counts.append(len(files))
                took, _ = seconds(lambda: write_site(home / "anew", con, [], site))
                anew.append(took)
                shutil.rmtree(home / "anew")
        with warehouse.read() as con:
            last = FIRST + timedelta(days=days + RUNS - 1)
            idle, files = seconds(lambda: write_site(home / "site", con, [last], site))
            write_site(home / "anew", con, [], site)
        same = all(
            (home / "anew" / path.relative_to(home / "site")).read_bytes() == path.read_bytes()
            for path in (home / "site").rglob("*")
            if path.is_file()
        )
        print(f"a day more: {median(added):.2f} s, {median(counts):.0f} files changed")
        print(f"the same day by rendering everything anew: {median(anew):.2f} s")
        print(f"the day over everything anew: {median(added) / median(anew):.3f}")
        print(f"a day that changes nothing: {idle:.2f} s, {len(files)} files changed")
        print(f"built day by day and built at once: {'the same bytes' if same else 'DIFFERENT'}")


def seconds(action: Callable[[], list[Path]]) -> tuple[float, list[Path]]:
    """Wall time of a call, and its result."""
    began = time.monotonic()
    result = action()
    return time.monotonic() - began, result


if __name__ == "__main__":
    main(**amounts(__doc__, days=365))
