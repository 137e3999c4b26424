"""``digest verdict`` and ``digest verdicts``: what analysts say of claims, which the next run's ranking heeds."""

from datetime import UTC, datetime
from typing import Annotated

import duckdb
import typer
from rich.markup import escape
from rich.table import Column

from digest_pipeline.cli.console import out, table_of
from digest_pipeline.cli.writing import write_between_steps
from digest_pipeline.scoring import verdict_store as store
from digest_pipeline.scoring.verdicts import SAID, Kind
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import looking


def verdict(
    claim_id: Annotated[str, typer.Argument(metavar="ID", help="A claim id: `digest show` and `search` print them.")],
    kind: Annotated[Kind | None, typer.Argument(metavar="good|bad|duplicate|wrong", help="What it is.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, for other analysts; no reader sees it.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the verdict back.")] = False,
) -> None:
    """Say what a claim is worth: the next run ranks it, and claims like it, accordingly.

    bad and wrong: it is not published again, and similar claims score less. duplicate: neither it nor what says the
    same is published. good: similar claims score more. What was published stays until `digest retract` takes it back.
    """
    if withdraw == (kind is not None) or (withdraw and note):
        raise typer.BadParameter("give good, bad, duplicate or wrong, or --withdraw alone")
    settings, now = load_settings(), datetime.now(UTC)

    def keep(con: duckdb.DuckDBPyConnection) -> None:
        if kind:
            store.give_verdict(con, claim_id, kind, note, now)
        else:
            store.withdraw_verdict(con, claim_id, now)

    write_between_steps(settings, keep)
    said = f"{claim_id} is {SAID[kind]}" if kind else f"the verdict on {claim_id} is withdrawn"
    out.print(f"Kept: {said}; it counts from the next run on.")


def verdicts() -> None:
    """List the verdicts that count, the latest first."""
    settings = load_settings()
    with looking(settings) as con:
        found = store.last_verdicts(con)
        headlines = store.headlines_of(con, found)
    table = table_of("given (UTC)", Column("claim", no_wrap=True), "verdict", "headline", "note")
    for given in found:
        table.add_row(
            f"{given.given_at:%Y-%m-%d %H:%M}",
            given.claim_id,
            given.kind.value,
            escape(headlines.get(given.claim_id, "(no longer stored)")),
            escape(given.note or ""),
        )
    out.print(table if found else "No verdicts yet: `digest verdict ID good|bad|duplicate|wrong` gives one.")
