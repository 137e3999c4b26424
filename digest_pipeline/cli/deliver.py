"""``digest deliver`` and ``digest deliveries``: send what is due, and what became of it."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from digest_pipeline.cli.console import err, out, parse_day, table_of
from digest_pipeline.delivery.ledger import Delivery, Retriable, reopen, tally
from digest_pipeline.errors import DigestError
from digest_pipeline.settings import load_settings
from digest_pipeline.stopping import stop_signals, stopped_in_words

Day = Annotated[date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Only this published day.")]

# Of counts that are no status of a delivery: of how many subscribers it is true.
SAID = {"done": "with nothing left to send", "nothing": "with nothing new", "no server": "without a mail server"}


def deliver(
    day: Day = None,
    old: Annotated[bool, typer.Option("--old", help="Send that day whatever its age (else mail_days_back).")] = False,
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="FILE", help="Write the common mail to a file (.eml); send none."),
    ] = None,
) -> None:
    """Send what is due to the subscribers: each day to each at most once. Run it as often as you like."""
    if old and not day:
        raise typer.BadParameter("--old needs --date")
    if preview:
        _preview(day, preview)
    else:
        _send(day, even_if_old=old)


def deliveries(
    day: Day = None,
    retry: Annotated[
        Retriable | None,
        typer.Option("--retry", help="Send that day's of this status again; `unknown` ones may arrive twice."),
    ] = None,
    last: Annotated[int, typer.Option("--last", min=1, metavar="DAYS", help="The last so many days.")] = 14,
) -> None:
    """Show what became of the last days' deliveries, the newest first; send some again."""
    from digest_pipeline.delivery.database import open_delivery

    settings = load_settings()
    if retry and not day:
        raise typer.BadParameter("--retry needs --date")
    if retry and day:
        with open_delivery(settings.subscribers) as con:
            again = reopen(con, day, retry)
        out.print(f"{day}: {len(again)} to send again")
        if again:
            _send(day, even_if_old=True, only=again)
    with open_delivery(settings.subscribers) as con:
        rows = tally(con)
    shown = [day.isoformat()] if day else sorted({row[0] for row in rows})[-last:]
    rows = [row for row in rows if row[0] in shown]
    table = table_of("day", "channel", "status", "reason", "subscribers")
    for row_day, channel, status, reason, count in rows:
        table.add_row(row_day, channel, status, reason or "", str(count))
    out.print(table if rows else "Nothing was delivered yet.")


def _send(day: date | None, *, even_if_old: bool, only: Collection[str] | None = None) -> None:
    from digest_pipeline.delivery.deliver import deliver as deliver_due

    with stop_signals(), stopped_in_words("the delivery"):
        counts = deliver_due(load_settings(), datetime.now(UTC), day=day, even_if_old=even_if_old, only=only)
    said = ", ".join(f"{count} {SAID.get(status, status)}" for status, count in sorted(counts.items()))
    out.print(f"{day or 'What is due'}: {said or 'no active subscribers'}")
    if counts["no server"]:
        raise DigestError("there is no mail server", remedy="set smtp_host and mail_from")
    if counts["waiting"] or counts["unknown"] or counts["refused"]:
        err.print("[yellow]not all arrived:[/] `digest deliveries` says why; those that wait go with the next call")
    if counts["bouncing"]:
        err.print("[yellow]bouncing:[/] `digest subscribers list` says who; add them again when they can get mail")


def _preview(day: date | None, file: Path) -> None:
    from digest_pipeline.delivery.channels.message import digest_message
    from digest_pipeline.models import Subscriber
    from digest_pipeline.publishing.store import published_days, published_digests
    from digest_pipeline.warehouse.choice import looking

    settings = load_settings()
    with looking(settings) as con:
        wanted = day or max(published_days(con), default=None)
        digest = published_digests(con, [wanted]).get(wanted) if wanted else None
    if digest is None:
        raise DigestError(f"no digest of {wanted or 'any day'} is published", remedy="`digest run` publishes one")
    sender = settings.mail_from or "digest@example.org"
    delivery = Delivery(Subscriber("su_preview", "mail", "reader@example.org"), (digest,))
    file.write_bytes(digest_message(settings.model_copy(update={"mail_from": sender}), delivery, None).as_bytes())
    out.print(f"Mail of {wanted}: {file}", soft_wrap=True)
