"""Small Markdown tables of what a step did, for the metadata of a materialization: at most twenty rows."""

from collections.abc import Sequence
from typing import Any

from digest_pipeline.words import escaped_markdown

MAX_ROWS = 20
MAX_CELL = 120


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; cells are cut to a readable length and their markup is escaped."""
    if not rows:
        return "*no rows*"
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows[:MAX_ROWS]]
    if len(rows) > MAX_ROWS:
        lines.append(f"\n*and {len(rows) - MAX_ROWS} more*")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.3f}" if isinstance(value, float) else " ".join(str(value).split())
    text = text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
    return escaped_markdown(text)
