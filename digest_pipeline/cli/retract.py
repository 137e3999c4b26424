"""``digest retract``: take back what was published, on the site at once and for subscribers in their next mail."""

from datetime import date, datetime
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from digest_pipeline.cli.console import out, parse_day
from digest_pipeline.cli.writing import write_between_steps
from digest_pipeline.feeds.subscriptions import find_feed
from digest_pipeline.home_lock import in_use
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.publishing.render import retraction_line
from digest_pipeline.publishing.retract import reinstate, retract_day, retract_feed
from digest_pipeline.publishing.retract import retract as take_back
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of


def retract(
    claim_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Of a published insight: `digest show` prints it.")
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="All that stands of a day's digest.")
    ] = None,
    feed: Annotated[
        str | None, typer.Option(metavar="FEED", help="All that stands of a feed: its address or title.")
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, in a line; readers are told.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Let the insight stand again.")] = False,
) -> None:
    """Take a published insight back: that it was, and why, is told in its place.

    Its page, day, feeds and search lose its words at once; a mail that has left cannot be called back, but the next
    one tells those who got it. It is not published again, nor is what says the same. A day without insights goes
    altogether.
    """
    if sum(what is not None for what in (claim_id, day, feed)) != 1:
        raise typer.BadParameter("give the id of an insight, --date DAY or --feed FEED")
    if undo == (reason is not None) or (undo and not claim_id):
        raise typer.BadParameter("give --reason TEXT, or an id with --undo")
    settings = load_settings()
    now = datetime.now(settings.zone).replace(microsecond=0)
    taken: list[str] = []

    def keep(con: duckdb.DuckDBPyConnection) -> None:
        if day:
            taken.extend(map(retraction_line, retract_day(con, day, reason or "", now)))
        elif feed:
            feed_url = find_feed(con, feed, even_removed=True)
            taken.extend(map(retraction_line, retract_feed(con, feed_url, reason or "", now)))
        elif claim_id and undo:
            reinstate(con, claim_id)
        elif claim_id:
            taken.append(retraction_line(take_back(con, claim_id, reason or "", now)))

    with in_use(settings.home):
        write_between_steps(settings, keep)
        warehouse = warehouse_of(settings)
        changed = build_again(warehouse, settings)
        warehouse.leave_snapshot(settings.snapshot)
    for line in taken:
        out.print(escape(line))
    if not taken:
        out.print(f"{claim_id} stands again." if undo else f"The digest of {day} had no insight, and is gone.")
    out.print(f"{len(changed)} files of the site changed.")
