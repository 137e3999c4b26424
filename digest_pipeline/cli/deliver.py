"""``digest deliver`` and ``digest deliveries``: send the digest, and what became of it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from digest_pipeline.cli.console import err, out, parse_day
from digest_pipeline.errors import DigestError
from digest_pipeline.settings import load_settings


def deliver(
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Default: the last published.")
    ] = None,
    old: Annotated[bool, typer.Option("--old", help="Send it whatever its age (else mail_days_back).")] = False,
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="FILE", help="Write the common mail to a file (.eml); send none."),
    ] = None,
) -> None:
    """Send a published digest to all subscribers who did not get it yet. Run it again as often as you like."""
    from digest_pipeline.delivery.deliver import deliver as deliver_day
    from digest_pipeline.delivery.message import digest_message
    from digest_pipeline.models import Subscriber
    from digest_pipeline.publishing.store import published_days, published_digest
    from digest_pipeline.warehouse.connection import open_for_reading

    settings = load_settings()
    with open_for_reading(settings.database, settings.snapshot) as con:
        days = published_days(con)
        wanted = day or (days[-1] if days else None)
        digest = published_digest(con, wanted) if wanted else None
    if wanted is None or digest is None:
        raise DigestError(f"no digest of {wanted or 'any day'} is published", remedy="`digest run` publishes one")
    if preview:
        if not digest.items:
            raise DigestError(f"the digest of {wanted} is empty", remedy="no mail is sent for such a day")
        nobody = Subscriber("su_preview", "mail", "reader@example.org")
        sender = settings.mail_from or "digest@example.org"
        message = digest_message(settings.model_copy(update={"mail_from": sender}), nobody, digest, None)
        preview.write_bytes(message.as_bytes())
        out.print(f"Mail of {wanted}: {preview}", soft_wrap=True)
        return
    counts = deliver_day(settings, wanted, datetime.now(UTC), even_if_old=old)
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    out.print(f"{wanted}: {said or 'no active subscribers'}")
    if counts["waiting"] or counts["unknown"]:
        err.print("[yellow]not all arrived:[/] `digest deliveries` says why; those that wait go with the next call")


def deliveries() -> None:
    """Show what became of each day's digest."""
    from digest_pipeline.delivery.database import open_delivery
    from digest_pipeline.delivery.ledger import tally

    with open_delivery(load_settings().subscribers) as con:
        rows = tally(con)
    table = Table("day", "channel", "status", "reason", "subscribers")
    for day, channel, status, reason, count in rows:
        table.add_row(day, channel, status, reason or "", str(count))
    out.print(table if rows else "Nothing was delivered yet.")
