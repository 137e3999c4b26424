"""``digest eval``: an extractor measured on labelled episodes, beside plain baselines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from digest_pipeline.cli.console import err, out
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of


def evaluate(
    labels: Annotated[Path, typer.Option("--labels", metavar="DIR", help="Folder of labelled episodes.")],
    ranking: Annotated[
        list[Path] | None,
        typer.Option("--ranking", metavar="FILE", help="Another row: a line a candidate (episode, rank, quote)."),
    ] = None,
) -> None:
    """Measure the settings' extractor on labelled episodes, beside baselines: each episode, and the mean.

    What the worthiness model was trained on is marked: those figures are not held out. `python -m
    bench.worthiness.train --labels DIR --out FOLDER` ranks each episode by a model that has not seen it, and --ranking
    measures that.
    """
    from digest_pipeline.claims.choose import get_extractor
    from digest_pipeline.evaluation.evaluate import DAY, means
    from digest_pipeline.evaluation.evaluate import evaluate as measure

    settings, results = load_settings(), []
    extractor = get_extractor(settings, warehouse_of(settings), DAY)
    for result in measure(labels, settings, extractor, {path.stem: path for path in ranking or []}):
        mark = " (worthiness and full ranking are not held out)" if result.was_trained_on else ""
        _print(f"{result.episode}{mark}", result.figures)
        results.append(result)
    seen = sum(result.was_trained_on for result in results)
    mark = f"; worthiness and full ranking are not held out on {seen} of them" if seen else ""
    _print(f"mean of {len(results)}{mark}", means(results))
    if seen:
        err.print("Held out: `bench.worthiness.talk`, `.reranker` and `.train`, then --ranking (docs/scoring.md)")


def _print(title: str, figures: Mapping[str, dict[str, float]]) -> None:
    # narrow: ten columns have to stand in eighty characters
    layout: dict[str, Any] = {"box": box.SIMPLE_HEAD, "show_edge": False, "pad_edge": False, "padding": 0}
    table = Table("", *next(iter(figures.values())), title=title, title_justify="left", **layout)
    for name, row in figures.items():
        table.add_row(name, *(f"{value:.3f}" for value in row.values()))
    out.print(table)
