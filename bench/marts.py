"""What the marts cost a day as history grows: each model's time, and the incremental one against building it whole.

    python -m bench.marts [DAYS …]

Fills a warehouse with made-up days (200 claims in 10 episodes, 60 segments each; 40 themes over a window of 45 days),
runs dbt once whole and once for the last day, and prints dbt's own times of the models. Default: 90, 360, 720 days.
"""

import argparse
import json
import os
import subprocess
import tempfile
from datetime import date, timedelta
from pathlib import Path

from digest_pipeline.bundled import bundled
from digest_pipeline.resources import DATABASE_VARIABLE, DAY_VARIABLE, DBT_EXECUTABLE
from digest_pipeline.warehouse import Warehouse

FIRST = date(2025, 1, 1)
FILL = Path(__file__).with_suffix(".sql")


def main(sizes: list[int]) -> None:
    """Build and measure."""
    rows: dict[str, list[str]] = {}
    for days in sizes:
        with tempfile.TemporaryDirectory() as name:
            database = Path(name) / "digest.duckdb"
            with Warehouse(database).write() as con:
                for statement in FILL.read_text(encoding="utf-8").split(";\n"):
                    if statement.strip():
                        values = {"first": FIRST, "days": days}
                        con.execute(statement, {k: v for k, v in values.items() if f"${k}" in statement})
                members = con.execute("select count(*) from raw.cluster_members").fetchall()[0][0]
            whole = run(database, None)
            day = run(database, FIRST + timedelta(days=days - 1))
            print(f"{days} days, {days * 200:,} claims, {members:,} memberships", flush=True)
            for model, seconds in day.items():
                rows.setdefault(model, []).append(f"{seconds:6.2f} ({whole[model]:.2f})")
    print(f"seconds a day (whole) at {', '.join(map(str, sizes))} days of history")
    for model, cells in sorted(rows.items()):
        print(f"  {model:22}{''.join(f'{cell:>18}' for cell in cells)}")


def run(database: Path, day: date | None) -> dict[str, float]:
    """Run the marts' models, whole without a day; dbt's seconds of each."""
    folder, target = str(bundled("dbt")), database.parent / "target"
    subprocess.run(
        [str(DBT_EXECUTABLE), "--quiet", "run", "--profiles-dir", folder, "--target-path", str(target),
         "--threads", "1", "--log-level-file", "none", *([] if day else ["--full-refresh"])],
        cwd=folder, check=True,
        env={**os.environ, DATABASE_VARIABLE: str(database), DAY_VARIABLE: str(day or ""), "DO_NOT_TRACK": "1"},
    )  # fmt: skip
    results = json.loads((target / "run_results.json").read_text())["results"]
    marts = {path.stem for path in (bundled("dbt") / "models" / "marts").glob("*.sql")}
    times = {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}
    return {model: seconds for model, seconds in times.items() if model in marts}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", nargs="*", type=int, default=[90, 360, 720], help="sizes of history")
    main(parser.parse_args().days)
