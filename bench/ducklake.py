"""The demo's days on a database file and on a DuckLake: seconds a day, and whether the tables are the same.

    python -m bench.ducklake --days 4

Computed are the seconds of this process and of dbt's, Postgres's not. The first day of the file also loads the models.
Postgres (its programs have to be installed) and the folder of data are on this machine, so that no network is measured.
"""

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import duckdb

from digest_pipeline.bundled import bundled
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.warehouse.choice import looking, warehouse_of
from tests.postgres_server import postgres
from tests.two_stores import a_lake, run_demo, tables, without_audio


def main() -> None:
    """Run both, one day after the other, and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--without-audio", action="store_true", help="only episodes that come with a transcript")
    options = parser.parse_args()
    os.environ |= {"DIGEST_ALLOW_PRIVATE_HOSTS": "1", "HF_HUB_OFFLINE": "1", "DAGSTER_DISABLE_TELEMETRY": "1"}
    network = DemoNetwork(bundled("demo"))
    if options.without_audio:
        without_audio(network)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres())
        base = stack.enter_context(serve(network, 0))
        stores = {"file": "", "lake": a_lake(server, "bench", folder / "data")}
        seconds: dict[str, list[float]] = {name: [] for name in stores}
        computed: dict[str, list[float]] = {name: [] for name in stores}
        for n in range(options.days):
            day = network.first_day + timedelta(days=n)
            for name, address in stores.items():
                os.environ |= {"DIGEST_HOME": str(folder / name), "DIGEST_WAREHOUSE": address}
                os.environ.pop("DAGSTER_HOME", None)
                began, before = time.perf_counter(), sum(os.times()[:4])
                settings = run_demo(network, base, [day])
                seconds[name].append(time.perf_counter() - began)
                computed[name].append(sum(os.times()[:4]) - before)
            both = (f"{name} {seconds[name][n]:6.1f} s, {computed[name][n]:5.1f} s computed" for name in stores)
            print(f"{day}  {'   '.join(both)}", flush=True)
        ratios = (sum(times["lake"]) / sum(times["file"]) for times in (seconds, computed))
        print("lake over file: {:.2f} of the time, {:.2f} of what was computed".format(*ratios))
        with duckdb.connect(str(folder / "file" / "digest.duckdb"), read_only=True) as con:
            in_file = tables(con)
            in_file_bytes = (folder / "file" / "digest.duckdb").stat().st_size
        with looking(settings) as con:
            in_lake = tables(con)
            snapshots = con.execute("select count(*) from ducklake_snapshots('digest')").fetchall()[0][0]
        files = [path.stat().st_size for path in (folder / "data").rglob("*.parquet")]
        print(f"file {in_file_bytes / 1e6:.1f} MB; lake {warehouse_of(settings).size_bytes() / 1e6:.1f} MB as of now,")
        print(f"{sum(files) / 1e6:.1f} MB in {len(files)} files of {snapshots} snapshots")
        rows = sum(map(len, in_file.values()))
        different = [name for name in sorted(in_file | in_lake) if in_file.get(name) != in_lake.get(name)]
        print(f"{len(in_file)} tables and views, {rows} rows; not the same: {', '.join(different) or 'none'}")
        for name in different:
            one, other = set(in_file.get(name, [])), set(in_lake.get(name, []))
            print(name, "only in the file:", sorted(one - other, key=repr)[:2])
            print(name, "only in the lake:", sorted(other - one, key=repr)[:2])


if __name__ == "__main__":
    main()
