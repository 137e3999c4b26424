"""The same days of the demo on a database file and on a DuckLake, and how the two are compared."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from digest_pipeline.cli.feeds import subscribe_to_list
from digest_pipeline.demo import DemoNetwork
from digest_pipeline.runs import run_days
from digest_pipeline.settings import Settings, load_settings
from tests.postgres_server import server_address

# What the clock decides, by table: when and how long; and the home folder, which receives the site.
NEVER_EQUAL = {
    "feeds": {"last_checked_at", "last_success_at", "next_check_at", "added_at"},
    "episodes": {"first_seen_at", "available_at"},
    "deliveries": {"recipient"},
    "extractions": {"compute_seconds"},
    "digests": {"published_at"},
    "marts_built": {"built_at"},
    "migrations": {"applied_at"},
    "dim_shows": {"added_at"},
    "feed_health": {"last_checked_at", "last_success_at", "next_check_at"},
    "pipeline_costs": {"extraction_compute_seconds"},
}
Tables = dict[str, list[tuple[Any, ...]]]


def tables(con: duckdb.DuckDBPyConnection, schemas: tuple[str, ...] = ("raw", "staging", "marts")) -> Tables:
    """Every row of every table and view, as text, less what is never equal.

    Numbers are rounded to nine places: the last digits of a mean depend on the order in which rows are read.
    """
    columns = con.execute(
        "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = current_database() and table_schema in (select unnest(?::varchar[]))"
        " order by table_schema, table_name, ordinal_position",
        [list(schemas)],
    ).fetchall()
    shown: dict[str, list[str]] = {}
    for table, column, kind in columns:
        if column not in NEVER_EQUAL.get(table.partition(".")[2].removeprefix("stg_"), ()):
            value = f"round({column}, 9)" if kind == "DOUBLE" else column
            shown.setdefault(table, []).append(f"{value}::varchar")
    return {
        table: con.execute(f"select {', '.join(values)} from {table} order by all").fetchall()
        for table, values in shown.items()
    }


def a_lake(server: str, name: str, folder: Path) -> str:
    """The address of a DuckLake that is not there yet, with a database of its own for the catalog."""
    con = psycopg2.connect(server_address(server))
    con.autocommit = True
    with con.cursor() as cursor:
        cursor.execute(f"create database {name}")
    con.close()
    return f"ducklake:{server_address(server).replace('/postgres?', f'/{name}?')}&data={folder}"


def run_demo(network: DemoNetwork, base: str, days: Sequence[date]) -> Settings:
    """Run these days of a network in the home that the environment names; its settings."""
    settings = load_settings()
    network.today = days[0]
    subscribe_to_list(f"{base}/opml", settings)

    def begin(day: date) -> None:
        network.today = day

    for summary in run_days(days, settings, before=begin):
        assert summary.succeeded, summary.attention
    return settings


def without_audio(network: DemoNetwork) -> None:
    """Leave the episodes that come with a transcript: nothing depends on how words were recognised."""
    for show in network.shows.values():
        show["episodes"] = [episode for episode in show["episodes"] if "audio" not in episode]
