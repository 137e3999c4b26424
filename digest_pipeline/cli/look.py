"""Commands that look: ``show``, ``export``, ``status``; during a run they read the last snapshot."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import duckdb
import polars as pl
import typer
from rich.markup import escape
from rich.table import Column, Table

from digest_pipeline.cli.console import echo, err, out, parse_day
from digest_pipeline.day_summary import summarise
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.errors import DigestError
from digest_pipeline.feeds.redaction import without_secrets
from digest_pipeline.feeds.subscriptions import private_feeds
from digest_pipeline.publishing.render import to_json, to_markdown, to_text
from digest_pipeline.publishing.store import published_days, published_digest
from digest_pipeline.settings import load_settings
from digest_pipeline.upkeep.health import health_of
from digest_pipeline.warehouse.choice import looking, warehouse_of
from digest_pipeline.words import plural


class ShowFormat(StrEnum):
    """Forms of a digest."""

    TEXT = "text"
    MD = "md"
    JSON = "json"


class ExportFormat(StrEnum):
    """File formats of a table."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def show(
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Default: latest.")
    ] = None,
    form: Annotated[ShowFormat, typer.Option("--format", help="How to print it.")] = ShowFormat.TEXT,
) -> None:
    """Print a published digest."""
    settings = load_settings()
    with looking(settings) as con:
        days = published_days(con)
        digest = published_digest(con, day or max(days)) if days else None
    if digest is None:
        known = f"published days: {days[0]} to {days[-1]}" if days else "nothing is published yet"
        command = f"digest run --date {day}" if day else "digest run"
        raise DigestError(f"there is no digest of {day or 'any day'}", remedy=f"{known}; `{command}` makes one")
    render = {ShowFormat.TEXT: to_text, ShowFormat.MD: to_markdown, ShowFormat.JSON: to_json}[form]
    echo(render(digest))


def export(
    table: Annotated[str, typer.Argument(help="A table of schema raw, staging or marts, for example scored_insights.")],
    day: Annotated[date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Only this day.")] = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="File format.")] = ExportFormat.JSONL,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output when left out.")
    ] = None,
) -> None:
    """Write a table by its names and columns."""
    settings = load_settings()
    if form is ExportFormat.PARQUET and target is None:
        raise DigestError("parquet is no text", remedy="name a file with --output")
    with looking(settings) as con:
        schema, name, columns = _find_table(con, table)
        where, values = "", []
        if day:
            if "digest_date" not in columns:
                raise DigestError(f"{name} has no digest_date", remedy="leave --date out")
            where, values = "where digest_date = ?", [day]
        # names come from the catalogue, not from the caller
        frame = con.execute(f'select * from "{schema}"."{name}" {where} order by all', values).pl()  # noqa: S608
        frame = without_secrets(frame, private_feeds(con))
    if form is ExportFormat.PARQUET:
        frame.write_parquet(target)  # type: ignore[arg-type]
    elif form is ExportFormat.CSV:
        nested = [name for name in frame.columns if frame[name].dtype.is_nested()]
        flat = frame.with_columns(
            pl.Series(name, [None if v is None else json.dumps(v) for v in frame[name].to_list()]) for name in nested
        )
        _write(flat.write_csv, target)
    else:
        _write(frame.write_ndjson, target)
    err.print(f"{plural(len(frame), 'row')} of {schema}.{name}")


def _write(write: Callable[..., str | None], target: Path | None) -> None:
    """Every byte to a file or a pipe; to a terminal only what is no command to it."""
    if target is None and sys.stdout.isatty():
        echo(write() or "")
    else:
        write(target or sys.stdout)


def _find_table(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str, set[str]]:
    """Schema, name and columns, by its name with or without the schema."""
    rows = con.execute(
        "select table_schema, table_name, list(column_name) from information_schema.columns"
        " where table_schema in ('raw', 'staging', 'marts') group by all"
    ).fetchall()
    for schema, name, columns in rows:
        if table in {name, f"{schema}.{name}"}:
            return schema, name, set(columns)
    known = ", ".join(sorted(name for _, name, _ in rows))
    raise DigestError(f"there is no table {table!r}", remedy=f"tables: {known}")


STORED = """
select
    (select count(*) from raw.feeds where disabled_reason is null),
    (select count(*) from raw.episodes),
    (select count(*) from raw.transcripts),
    (select count(*) from raw.claim_candidates),
    (select count(*) from raw.digest_items)
"""


def status() -> None:
    """Say in one screen what is stored, what the last days brought, and what needs attention."""
    settings = load_settings()
    warehouse = warehouse_of(settings)
    file = settings.subscribers
    # It is its owner's alone; others see the rest.
    may_see = os.access(file if file.exists() else file.parent, os.R_OK | os.W_OK, effective_ids=True)
    with warehouse.look(settings.snapshot) as con, open_delivery(file) if may_see else nullcontext() as ledger:
        counts = con.execute(STORED).fetchall()[0]
        days = [summarise(con, day, settings) for day in published_days(con)[-7:]]
        health = health_of(con, ledger, settings, datetime.now(UTC))
    names = ("feed", "episode", "transcript", "claim", "published insight")
    out.print(f"Home: {settings.home}  ({warehouse.size_bytes() / 1e6:.1f} MB)", soft_wrap=True)
    out.print(", ".join(plural(count, name) for name, count in zip(names, counts, strict=True)))
    table = Table(Column("day", no_wrap=True), "episodes", "minutes transcribed", "claims", "published", "USD")
    for day in days:
        usd = "unknown" if day.usd is None else f"{day.usd:.2f}"
        minutes = f"{day.transcribed_minutes:.0f}"
        table.add_row(str(day.day), str(day.episodes), minutes, str(day.candidates), str(day.published), usd)
    out.print(table if days else "No digest yet: `digest run` makes one.")
    cost = "unknown" if health.usd is None else f"{health.usd:.2f} USD"
    out.print(
        f"Last 30 days: {cost} for language models, {plural(health.set_aside, 'episode')} set aside;"
        f" {health.retrying} to be tried again",
        soft_wrap=True,
    )
    if health.deliveries:
        said = ", ".join(f"{count} {status}" for status, count in sorted(health.deliveries.items()))
        out.print(f"Deliveries of the last 7 days: {said}")
    if not may_see:
        out.print(f"Deliveries: {file} is not this user's to read.", soft_wrap=True)
    attention = dict.fromkeys([*health.problems, *(text for day in days for text in day.attention)])
    for text in attention:
        out.print(f"[yellow]needs attention:[/] {escape(text)}", soft_wrap=True)
    if attention:
        raise typer.Exit(1)
    out.print("[green]Healthy.[/]")
