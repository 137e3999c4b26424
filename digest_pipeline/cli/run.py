"""``digest run``: days from feeds to published digest."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer
from rich.markup import escape

from digest_pipeline.cli.console import out, parse_day, progress_bars
from digest_pipeline.cli.feeds import subscribe_to_list
from digest_pipeline.cli.pace import Pace
from digest_pipeline.day_summary import DaySummary
from digest_pipeline.errors import DigestError
from digest_pipeline.runs import days_between, latest_day, run_days
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.choice import warehouse_of
from digest_pipeline.words import plural


def run(
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="One day; default: yesterday.")
    ] = None,
    first: Annotated[
        date | None, typer.Option("--from", parser=parse_day, metavar="DAY", help="First day of a range.")
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=parse_day, metavar="DAY", help="Last day of a range; default: yesterday."),
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Ask only feeds whose next check is due, as the schedule does.")
    ] = False,
    opml: Annotated[str | None, typer.Option(help="Subscribe to this OPML file or address first.")] = None,
) -> None:
    """Digest one day or a range of days, as the schedule does. Running a day again continues or changes nothing."""
    settings = load_settings()
    if day and (first or last):
        raise typer.BadParameter("use --date, or --from and --to")
    if last and not first:
        raise typer.BadParameter("--to needs --from")
    start = first or day or latest_day(settings)
    days = days_between(start, last or (latest_day(settings) if first else start), settings)
    if opml:
        new, known = subscribe_to_list(opml, settings)
        out.print(f"{new} new subscriptions, {known} known already")
    with warehouse_of(settings).read() as con:
        if not con.execute("select 1 from raw.feeds where disabled_reason is null limit 1").fetchall():
            raise DigestError(
                "there are no subscriptions", remedy="`digest feeds add URL`, or `digest run --opml FILE`"
            )
    summaries, pace = [], Pace(len(days))
    with progress_bars() as bars:
        for summary in run_days(days, settings, only_due=due, before=lambda _: bars.start_day()):
            print_summary(summary)
            summaries.append(summary)
            if len(days) > 1:
                bars.show_days(len(summaries), len(days), pace.after_day())
    if len(summaries) > 1:
        print_total(summaries)
    out.print(f"\nPage: {settings.site / 'index.html'}", soft_wrap=True)
    if any(not s.succeeded or s.attention for s in summaries):
        raise typer.Exit(1)


def print_total(summaries: Sequence[DaySummary]) -> None:
    """One line for a range of days."""
    unknown = any(summary.usd is None for summary in summaries)
    cost = "cost unknown" if unknown else f"{sum(summary.usd or 0 for summary in summaries):.2f} USD"
    out.print(
        f"\n{plural(len(summaries), 'day')}: {plural(sum(s.episodes for s in summaries), 'new episode')},"
        f" {sum(s.transcribed_minutes for s in summaries):.0f} min transcribed,"
        f" {plural(sum(s.candidates for s in summaries), 'claim')},"
        f" {sum(s.published for s in summaries)} published, {cost}",
        soft_wrap=True,
    )


def print_summary(summary: DaySummary) -> None:
    """A few lines for one day."""
    mark = "[green]✓[/]" if summary.succeeded else "[red]✗[/]"
    extra = [f"{summary.duplicates} duplicate"] if summary.duplicates else []
    extra += [f"{summary.unusable} unusable"] if summary.unusable else []
    aside = f" ({', '.join(extra)})" if extra else ""
    cost = "cost unknown" if summary.usd is None else f"{summary.usd:.2f} USD"
    cost = f"{summary.tokens:,} tokens, {cost}" if summary.tokens else cost
    out.print(
        f"{mark} [bold]{summary.day}[/]  {plural(summary.episodes, 'new episode')}"
        f"{aside}, {summary.transcribed_minutes:.0f} min transcribed,"
        f" {plural(summary.candidates, 'claim')}, [bold]{summary.published} published[/], {cost}",
        soft_wrap=True,
    )
    if summary.rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.rejected.items())
        out.print(f"  [dim]refused: {escape(reasons)}[/]", soft_wrap=True)
    for text in summary.attention:
        out.print(f"  [yellow]needs attention:[/] {escape(text)}", soft_wrap=True)
    for text in summary.notices:
        out.print(f"  [dim]silent: {escape(text)}[/]", soft_wrap=True)
