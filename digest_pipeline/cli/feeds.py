"""``digest feeds``: subscriptions."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from digest_pipeline.cli.console import err, out
from digest_pipeline.errors import DigestError
from digest_pipeline.feeds import store
from digest_pipeline.feeds.fetch import Fetched, Fetcher, redact
from digest_pipeline.feeds.opml import read_opml, write_opml
from digest_pipeline.feeds.parse import parse_feed
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.connection import open_for_reading

app = typer.Typer(help="Subscriptions: add, list, remove, import and export.", no_args_is_help=True)


@app.command()
def add(urls: Annotated[list[str], typer.Argument(help="Addresses of RSS or Atom feeds.")]) -> None:
    """Subscribe to feeds; each is read once to check that it is one."""
    settings = load_settings()
    found = []
    for url in urls:
        feed = parse_feed(fetch(url, settings).body, url=url)
        found.append((url, feed.title))
        out.print(f"{feed.title}: {len(feed.items)} episodes")
    with Warehouse(settings.database).write() as con:
        new = store.add_feeds(con, found, datetime.now(UTC).replace(tzinfo=None))
    out.print(f"{new} new, {len(found) - new} known already")


@app.command("list")
def list_feeds() -> None:
    """Show the subscriptions and how their last check went."""
    settings = load_settings()
    table = Table("show", "feed", "episodes", "last check")
    with open_for_reading(settings.database, settings.snapshot) as con:
        rows = con.execute(
            "select coalesce(f.title, '–'), f.feed_url, count(e.episode_id), coalesce(f.last_status, 'not checked yet')"
            " from raw.feeds f left join raw.episodes e using (feed_url) where f.disabled_reason is null"
            " group by all order by 1, 2"
        ).fetchall()
    for title, url, episodes, status in rows:
        table.add_row(title, redact(url), str(episodes), status)
    out.print(table if rows else "No subscriptions yet: `digest feeds add URL` or `digest feeds import FILE`.")


@app.command()
def remove(url: Annotated[str, typer.Argument(help="Address of the feed, as `digest feeds export` gives it.")]) -> None:
    """Stop scanning a feed. What was published stays."""
    settings = load_settings()
    with Warehouse(settings.database).write() as con:
        if not store.remove_feed(con, url):
            raise DigestError(f"{redact(url)} is no subscription", remedy="`digest feeds list` shows them")
    out.print("removed")


@app.command("import")
def import_opml(source: Annotated[str, typer.Argument(help="An OPML file, or its http(s) address.")]) -> None:
    """Subscribe to every feed of an OPML list."""
    settings = load_settings()
    new, known = subscribe_to_list(source, settings)
    out.print(f"{new} new, {known} known already")


@app.command("export")
def export_opml(
    target: Annotated[Path | None, typer.Argument(help="File to write; standard output when left out.")] = None,
) -> None:
    """Write the subscriptions as OPML."""
    settings = load_settings()
    with open_for_reading(settings.database, settings.snapshot) as con:
        rows = con.execute(
            "select feed_url, coalesce(title, feed_url) from raw.feeds where disabled_reason is null order by feed_url"
        ).fetchall()
    document = write_opml(rows)
    if target:
        target.write_bytes(document)
        err.print(f"{len(rows)} feeds written to {target}")
    else:
        typer.echo(document.decode(), nl=False)


def subscribe_to_list(source: str, settings: Settings) -> tuple[int, int]:
    """Subscribe to an OPML file or address; (new, known).

    Raises:
        DigestError: it cannot be read, or is no subscription list.
    """
    if source.startswith(("http://", "https://")):
        body = fetch(source, settings).body
    else:
        try:
            body = Path(source).read_bytes()
        except OSError as error:
            raise DigestError(f"{source} cannot be read: {error.strerror}", remedy="check the path") from error
    feeds = read_opml(body, source=source)
    with Warehouse(settings.database).write() as con:
        new = store.add_feeds(con, feeds, datetime.now(UTC).replace(tzinfo=None))
    return new, len(feeds) - new


def fetch(url: str, settings: Settings) -> Fetched:
    """Read one address."""

    async def get() -> Fetched:
        async with Fetcher(settings) as fetcher:
            return await fetcher.get(url)

    return asyncio.run(get())
