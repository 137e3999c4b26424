"""``digest rescore``: what other settings or a newer release would have chosen."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from digest_pipeline.cli.console import out, parse_day, progress_bars, table_of
from digest_pipeline.rescore import Rescored
from digest_pipeline.runs import days_between
from digest_pipeline.settings import load_settings


def rescore(
    first: Annotated[date, typer.Option("--from", parser=parse_day, metavar="DAY", help="First day.")],
    last: Annotated[
        date | None, typer.Option("--to", parser=parse_day, metavar="DAY", help="Last day; default: only the first.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.csv", help="Write the comparison there too.")
    ] = None,
) -> None:
    """Cluster and score past days anew, with the settings of now, beside what was published; changes nothing.

    For trying other weights or thresholds: set them in digest.toml or the environment, then compare. Claims are taken
    as they are stored: nothing is transcribed, and no language model is paid.
    """
    from digest_pipeline.rescore import rescore as replay

    settings = load_settings()
    days = days_between(first, last or first, settings)
    rows: list[Rescored] = []
    same = published = 0
    with progress_bars():
        for compared in replay(days, settings):
            same += sum(bool(row.rank and row.published_rank) for row in compared)
            published += sum(bool(row.published_rank) for row in compared)
            rows += compared
            _print(compared)
            if target:  # after each day: many take hours, and may be stopped
                pl.DataFrame([asdict(row) for row in rows], infer_schema_length=None).write_csv(target)
    out.print(f"\n{same} of {published} published insights would be chosen again")
    if target:
        out.print(f"Comparison: {target}", soft_wrap=True)


def _print(compared: list[Rescored]) -> None:
    changed = [row for row in compared if bool(row.rank) != bool(row.published_rank)]
    if not compared:
        return
    kept = sum(bool(row.rank and row.published_rank) for row in compared)
    out.print(f"[bold]{compared[0].digest_date}[/]: {kept} kept")
    if not changed:
        return
    table = table_of("", "score", "was", "claim", "because")
    for row in changed:
        mark = "[green]+[/]" if row.rank else "[red]-[/]"
        now, before = (f"{score:.3f}" if score is not None else "" for score in (row.score, row.published_score))
        table.add_row(mark, now, before, escape(row.headline), escape(row.reason))
    out.print(table)
