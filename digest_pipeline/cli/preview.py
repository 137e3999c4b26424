"""``digest preview``: what a day would publish, without publishing it."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from digest_pipeline.cli.console import echo, err, out, parse_day
from digest_pipeline.errors import DigestError
from digest_pipeline.publishing.publish import preview as preview_of
from digest_pipeline.publishing.render import to_text
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of


def preview(
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Default: the last scored day.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the pages; a temporary one when left out.")
    ] = None,
) -> None:
    """Show what a day would publish and write its pages aside; nothing is recorded, sent, or put on the site."""
    settings = load_settings()
    target = (folder or Path(tempfile.mkdtemp(prefix="digest-preview-"))).resolve()
    if target == settings.site.resolve():
        raise DigestError(f"{target} is the site itself", remedy="name another folder with --output")
    warehouse = warehouse_of(settings)
    if not warehouse.is_there():
        raise DigestError(f"there is no database at {warehouse} yet", remedy="run `digest run`")
    with warehouse.read() as con:
        scored = con.execute("select distinct digest_date from raw.scored_insights order by 1").fetchall()
    days = [found for (found,) in scored]
    if not days or (day or days[-1]) not in days:
        known = f"scored days: {days[0]} to {days[-1]}" if days else "no day is scored yet; `digest run` scores one"
        raise DigestError(f"nothing is scored for {day or 'any day'}", remedy=known)
    verdict, _ = preview_of(warehouse, day or days[-1], settings, target)
    echo(to_text(verdict.digest))
    if verdict.differs_from_published:
        err.print("[yellow]This day is published already:[/] readers keep the above, whatever would be chosen now.")
    out.print(f"\nPage: {target / 'days' / f'{verdict.digest.digest_date}.html'}", soft_wrap=True)
    for rule, claim_ids in verdict.broken.items():
        if claim_ids:
            err.print(f"[red]held back:[/] {escape(rule)}: {', '.join(claim_ids)}", soft_wrap=True)
    if any(verdict.broken.values()):
        raise typer.Exit(1)
