"""Which dbt models the marts in a database were last built by, without a failure."""

import duckdb


def marts_built_from(con: duckdb.DuckDBPyConnection) -> str | None:
    """The hash of those models; ``None`` before the first whole build."""
    rows = con.execute("select sources_hash from raw.marts_built").fetchall()
    return rows[0][0] if rows else None


def note_marts_built(con: duckdb.DuckDBPyConnection, sources_hash: str) -> None:
    """Note that a build by these models has succeeded."""
    con.execute("delete from raw.marts_built")
    con.execute("insert into raw.marts_built values (?, now() at time zone 'UTC')", [sources_hash])
