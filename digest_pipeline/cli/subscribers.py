"""``digest subscribers``: who gets the digest, how, and with what wishes. Addresses are shown only when asked for."""

import smtplib
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column

from digest_pipeline.cli.console import err, for_owner, out, table_of
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.addresses import CHANNELS, MAIL, NOTIFY, masked
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.exchange import BadRow, import_csv, write_csv
from digest_pipeline.delivery.hours import read_weekday, welcome_from
from digest_pipeline.delivery.links import CONFIRM_DAYS, SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.delivery.web.confirmation import mail_asker
from digest_pipeline.delivery.web.optin import Asker, ask_to_confirm
from digest_pipeline.delivery.wishes import unknown_names
from digest_pipeline.errors import DigestError, SubscriberError, WarehouseError
from digest_pipeline.models import Subscriber
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse.choice import looking
from digest_pipeline.words import plural

app = typer.Typer(help="Subscribers: add, list, remove, import, export.", no_args_is_help=True)
Subjects = list[str] | None


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="An e-mail address, or with --channel notify an Apprise URL.")],
    channel: Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNELS)}.")] = MAIL,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They have agreed: send no mail that asks. For notify always so.")
    ] = False,
    timezone: Annotated[str | None, typer.Option(help="Theirs, such as Europe/Berlin; else the digest's.")] = None,
    hour: Annotated[int | None, typer.Option(min=0, max=23, help="Not before this hour of their day.")] = None,
    weekday: Annotated[
        str, typer.Option(metavar="DAY", help="Once a week, from this day's hour (9) on: the best of the week.")
    ] = "",
    interests: Annotated[str, typer.Option(help="What interests them, in plain words.")] = "",
    follow_shows: Annotated[Subjects, typer.Option("--follow-show", help="Repeatable.")] = None,
    mute_shows: Annotated[Subjects, typer.Option("--mute-show", help="Repeatable.")] = None,
    follow_themes: Annotated[Subjects, typer.Option("--follow-theme", help="A theme's name or id.")] = None,
    mute_themes: Annotated[Subjects, typer.Option("--mute-theme", help="A theme's name or id.")] = None,
) -> None:
    """Add a subscriber; for an address that is known, replace its wishes."""
    settings = load_settings()
    is_active = confirmed or channel == NOTIFY  # who gives a webhook's secret address has agreed
    ask = None if is_active else _asker(settings)
    subjects = (frozenset(names or ()) for names in (follow_shows, mute_shows, follow_themes, mute_themes))
    on = read_weekday(weekday)
    wanted = Subscriber(new_id(), channel, address, is_active, timezone, hour, on, interests, *subjects)
    with open_delivery(settings.subscribers) as con:
        book = SubscriberBook(con)
        is_known = book.find(channel, address) is not None
        saved = book.save(wanted)
        out.print(f"{saved.subscriber_id}: {'changed' if is_known else 'added'}")
        if ask and not saved.is_active:
            _ask(SignedLinks(secret_of(con, "links"), settings.site_url), ask, saved)
            out.print(f"A mail asks for confirmation; its link is good for {CONFIRM_DAYS} days.")
    _name_unknown(settings, [saved])


@app.command("list")
def list_subscribers(
    addresses: Annotated[bool, typer.Option("--addresses", help="Show addresses in full.")] = False,
) -> None:
    """Show the subscribers and their wishes."""
    settings = load_settings()
    with open_delivery(settings.subscribers) as con:
        subscribers, bouncing = SubscriberBook(con).all(), ledger.bouncing(con, settings.mail_bounces)
    table = table_of(Column("id", no_wrap=True), "channel", "address", "state", "from", "wishes")
    for one in subscribers:
        shown = one.address if addresses else masked(one.channel, one.address)
        state = "[green]active[/]" if one.is_active else "[yellow]to confirm[/]"
        state = "[red]bouncing[/]" if one.subscriber_id in bouncing else state
        table.add_row(one.subscriber_id, one.channel, escape(shown), state, welcome_from(one), escape(_wishes(one)))
    out.print(table if subscribers else "No subscribers yet: `digest subscribers add ADDRESS`.")


@app.command()
def remove(
    who: Annotated[str, typer.Argument(metavar="WHO", help="An id from `list`, or the address.")],
    may_return: Annotated[
        bool, typer.Option("--may-return", help="Keep no trace: a later import may bring the address back.")
    ] = False,
) -> None:
    """Erase a subscriber's address and wishes. A keyed hash stays, so that no import brings the address back."""
    with open_delivery(load_settings().subscribers) as con:
        book = SubscriberBook(con)
        found = [who] if book.has(who) else [s.subscriber_id for c in CHANNELS if (s := book.find(c, who))]
        if not found:
            raise SubscriberError("there is no such subscriber", remedy="`digest subscribers list` shows all")
        for subscriber_id in found:
            book.erase(subscriber_id, suppress=not may_return)
            out.print(f"{subscriber_id}: erased")


@app.command("import")
def import_subscribers(
    file: Annotated[Path, typer.Argument(help="CSV with a header: address and, if you like, all that export writes.")],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Rows without a status are of people who have agreed.")
    ] = False,
) -> None:
    """Add subscribers from a CSV file; what is not taken is named by its line."""
    settings = load_settings()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DigestError(f"cannot read {file}: {error}", remedy="save it as CSV in UTF-8") from error
    saved: list[Subscriber] = []
    bad: list[BadRow] = []
    with open_delivery(settings.subscribers) as con:
        for row in import_csv(text, SubscriberBook(con), are_confirmed=confirmed):
            (bad if isinstance(row, BadRow) else saved).append(row)  # type: ignore[arg-type]
        pending = [one for one in saved if not one.is_active]
        ask = mail_asker(settings) if pending else None
        links = SignedLinks(secret_of(con, "links"), settings.site_url)
        unasked = _ask_each(links, ask, pending) if ask else []
    out.print(f"{len(saved)} taken, {len(pending)} of them to confirm, {len(bad)} not taken")
    if pending and ask is None:
        err.print("[yellow]nobody was asked to confirm:[/] set smtp_host, mail_from and site_url, and import again")
    _name_unknown(settings, saved)
    for row in bad:
        err.print(f"[red]line {row.line}:[/] {escape(row.reason)}", soft_wrap=True)
    for fault in unasked:
        err.print(f"[red]not asked:[/] {escape(fault)}", soft_wrap=True)
    if bad or unasked or (pending and ask is None):
        raise typer.Exit(1)


@app.command()
def export(
    target: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, for you alone; else standard output.")
    ] = None,
) -> None:
    """Write all subscribers with their addresses as CSV."""
    with open_delivery(load_settings().subscribers) as con:
        book = SubscriberBook(con)
        subscribers, text = book.all(), write_csv(book.all(), book.last_days())
    if target is None:
        sys.stdout.write(text)
    else:
        with open(target, "w", encoding="utf-8", opener=for_owner) as file:
            file.write(text)
    err.print(plural(len(subscribers), "subscriber"))


def _asker(settings: Settings) -> Asker:
    ask = mail_asker(settings)
    if ask is None:
        raise DigestError(
            "no mail can ask for confirmation",
            remedy="set smtp_host, mail_from and site_url, or say --confirmed if they have agreed",
        )
    return ask


def _ask(links: SignedLinks, ask: Asker, pending: Subscriber) -> None:
    try:
        ask_to_confirm(links, ask, pending)
    except OSError as error:  # smtplib's too; their texts may hold the address
        raise DigestError(
            f"{pending.subscriber_id} waits, but the mail could not be sent: {type(error).__name__}",
            remedy="check smtp_host and its settings, then add the address again",
        ) from error


def _ask_each(links: SignedLinks, ask: Asker, pending: list[Subscriber]) -> list[str]:
    """Ask one after the other; who was not, and why. What is wrong with the server, not with an address, ends it."""
    unasked: list[str] = []
    for number, one in enumerate(pending, start=1):
        try:
            _ask(links, ask, one)
        except DigestError as error:
            unasked.append(error.said)
            if not isinstance(error.__cause__, smtplib.SMTPRecipientsRefused):
                more = len(pending) - number
                return [*unasked, f"{more} more: import again when the server answers"] if more else unasked
    return unasked


def _name_unknown(settings: Settings, saved: list[Subscriber]) -> None:
    try:
        with looking(settings) as con:
            unknown = unknown_names(con, saved)
    except WarehouseError:  # no run yet, so nothing to compare them with; what is wrong with it the runs say
        return
    for name in unknown:
        err.print(f"[yellow]{escape(name)}:[/] no show or theme has been called so; is it spelt right?", soft_wrap=True)


def _wishes(one: Subscriber) -> str:
    parts = [one.interests] if one.interests else []
    for verb, subjects in (
        ("follows", one.followed_shows | one.followed_themes),
        ("mutes", one.muted_shows | one.muted_themes),
    ):
        parts += [f"{verb} {', '.join(sorted(subjects))}"] if subjects else []
    return "; ".join(parts)
