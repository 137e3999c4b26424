"""``digest feeds``: subscriptions, where they come from, and how they are."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Column

from digest_pipeline.cli.console import err, for_owner, out, table_of
from digest_pipeline.errors import DigestError, FeedError
from digest_pipeline.feeds import subscriptions as store
from digest_pipeline.feeds.directory import find_feed_of, search_shows
from digest_pipeline.feeds.fetching.fetch import Fetched, Fetcher
from digest_pipeline.feeds.folder import local_path
from digest_pipeline.feeds.health import feed_states
from digest_pipeline.feeds.opml import read_opml, write_opml
from digest_pipeline.feeds.redaction import is_private
from digest_pipeline.feeds.subscriptions import Subscription
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.languages import whisper_code
from digest_pipeline.warehouse.choice import looking, warehouse_of
from digest_pipeline.words import plural

app = typer.Typer(
    help="Subscriptions: add, search, list, set, remove, import, export, and their health.", no_args_is_help=True
)
T = TypeVar("T")
Name = Annotated[str, typer.Argument(metavar="FEED", help="A feed's address, or (part of) its show's title.")]
RESETTABLE = {
    "language": "own_language",
    "model": "whisper_model",
    "weight": "weight",
    "lookback": "lookback_days",
    "max-per-day": "max_per_day",
    "tags": "tags",
}
LANGUAGE = re.compile(r"[a-z]{2,3}")  # ISO 639; Whisper does not know all that a transcript may be in
DEFAULTS = {"weight": 1.0, "tags": []}


@app.command()
def add(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="PLACE...",
            help="Address of a feed or of a show's page, an Apple Podcasts link, or an audio folder.",
        ),
    ],
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Group the feeds under this tag; repeatable.")] = None,
) -> None:
    """Subscribe to feeds; each is read once to check that it is one."""
    settings = load_settings()
    found = []
    for place in places:
        url, feed = _with_fetcher(settings, lambda fetcher, place=place: find_feed_of(place, fetcher, settings))  # type: ignore[misc]
        found.append(Subscription(url, feed.title, tuple(tags or ())))
        aside = " (private: its addresses are shown to nobody)" if is_private(url) else ""
        out.print(
            f"{escape(feed.title)}: {plural(len(feed.items), 'episode')} at {escape(store.shown_url(url))}{aside}"
        )
        if feed.items and not any(item.audio_url for item in feed.items):
            err.print("[yellow]none of them has audio:[/] is this the feed of a podcast?")
    new = _subscribe(found, settings)
    out.print(f"{new} new, {len(found) - new} known already")


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words of a show's title, of its author, or of its subject.")],
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many shows of each directory.")] = 20,
) -> None:
    """Find shows in the iTunes directory, and in Podcast Index when its key is set."""
    settings = load_settings()
    shows = _with_fetcher(settings, lambda fetcher: search_shows(words, fetcher, settings, limit=limit))
    table = table_of("show", "by", "episodes", "feed")
    for show in shows:
        episodes = "" if show.episodes is None else str(show.episodes)
        table.add_row(escape(show.title), escape(show.author), episodes, escape(show.feed_url))
    out.print(table if shows else "No show found: try fewer or other words.")
    if shows:
        out.print("Subscribe with `digest feeds add FEED`.")


@app.command("list")
def list_feeds() -> None:
    """Show the subscriptions and what is set for each."""
    settings = load_settings()
    table = table_of("show", "feed", "tags", "episodes", "own settings")
    with looking(settings) as con:
        rows = con.execute(
            "select coalesce(f.title, '–'), coalesce(f.shown_url, '–'), coalesce(f.tags, []), count(e.episode_id),"
            " f.own_language, f.whisper_model, coalesce(f.weight, 1), f.lookback_days, f.max_per_day,"
            " coalesce(f.is_paused, false)"
            " from raw.feeds f left join raw.episodes e using (feed_url) where f.disabled_reason is null"
            " group by all order by 1, 2"
        ).fetchall()
    for title, shown, tags, episodes, language, model, weight, lookback, most, paused in rows:
        own = [
            "paused" if paused else "",
            f"language {language}" if language else "",
            f"model {model}" if model else "",
            f"weight {weight:g}" if weight != 1 else "",
            f"lookback {lookback} days" if lookback else "",
            f"at most {most} a day" if most else "",
        ]
        table.add_row(escape(title), escape(shown), ", ".join(tags), str(episodes), ", ".join(filter(None, own)))
    out.print(table if rows else "No subscriptions yet: `digest feeds add URL` or `digest feeds import FILE`.")


@app.command()
def health() -> None:
    """Show how each feed is: when it was last read, its rhythm, its failures, its next check."""
    settings = load_settings()
    now = datetime.now(UTC).replace(tzinfo=None)
    with looking(settings) as con:
        states = feed_states(con, now)
    read, due = (Column(name, no_wrap=True) for name in ("last read", "next check"))
    table = table_of("show", "state", read, Column("newest episode", no_wrap=True), "rhythm", due)
    colours = {"ok": "green", "new": "dim", "paused": "dim", "silent": "yellow", "failing": "red", "retired": "red"}
    for feed in states:
        failures = f" ({feed.failures})" if feed.state == "failing" else ""
        reason = f": {escape(feed.reason)}" if feed.reason else ""
        table.add_row(
            escape(feed.title or feed.shown_url),
            f"[{colours[feed.state]}]{feed.state}{failures}[/]{reason}",
            _when(feed.last_success_at),
            _when(feed.last_episode_at),
            "–" if feed.cadence_days is None else f"{feed.cadence_days:.1f} days",
            "–" if feed.state in {"retired", "paused"} else _when(feed.next_check_at),
        )
    out.print(table if states else "No subscriptions yet: `digest feeds add URL` or `digest feeds import FILE`.")


@app.command("set")
def set_feed(
    name: Name,
    language: Annotated[str | None, typer.Option(help="Language of its talk, such as de.")] = None,
    model: Annotated[str | None, typer.Option(help="Whisper model for its audio.")] = None,
    weight: Annotated[float | None, typer.Option(min=0, max=10, help="Multiplies the scores of its claims.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Its tags from now on; repeatable.")] = None,
    pause: Annotated[bool | None, typer.Option("--pause/--resume", help="Stop scanning it, or go on.")] = None,
    lookback: Annotated[int | None, typer.Option(min=1, max=365, help="Days an episode may turn up late.")] = None,
    max_per_day: Annotated[int | None, typer.Option(min=1, help="Episodes that one day takes.")] = None,
    private: Annotated[bool | None, typer.Option("--private/--public", help="Show its addresses to nobody.")] = None,
    reset: Annotated[
        list[str] | None, typer.Option(help=f"Go back to the general setting: {', '.join(RESETTABLE)}; repeatable.")
    ] = None,
) -> None:
    """Set what is special about one feed."""
    settings = load_settings()
    given: dict[str, object] = {
        "own_language": _code(language) if language else None,
        "whisper_model": model,
        "weight": weight,
        "tags": tags,
        "is_paused": pause,
        "lookback_days": lookback,
        "max_per_day": max_per_day,
        "is_private": private,
    }
    values = {column: value for column, value in given.items() if value is not None}
    for word in reset or ():
        if word not in RESETTABLE:
            raise typer.BadParameter(f"{word!r} cannot be reset; one of {', '.join(RESETTABLE)}")
        values[RESETTABLE[word]] = DEFAULTS.get(word)
    if not values:
        raise typer.BadParameter("name what to set, for example --language de or --pause")
    with warehouse_of(settings).write() as con:
        store.set_feed(con, store.find_feed(con, name), values)
    out.print("set")


@app.command()
def remove(name: Name) -> None:
    """Stop scanning a feed. What was published stays."""
    settings = load_settings()
    with warehouse_of(settings).write() as con:
        store.remove_feed(con, store.find_feed(con, name))
    out.print("removed")


@app.command("import")
def import_opml(source: Annotated[str, typer.Argument(help="An OPML file, or its http(s) address.")]) -> None:
    """Subscribe to every feed of an OPML list; its folders become tags."""
    settings = load_settings()
    new, known = subscribe_to_list(source, settings)
    out.print(f"{new} new, {known} known already")


@app.command("export")
def export_opml(
    target: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; standard output when left out.")
    ] = None,
    with_private: Annotated[
        bool, typer.Option("--with-private", help="Private feeds too, with their tokens; needs --output.")
    ] = False,
) -> None:
    """Write the subscriptions as OPML; tags become folders."""
    settings = load_settings()
    if with_private and target is None:
        raise DigestError("private feeds are not printed", remedy="name a file with --output")
    with looking(settings) as con:
        everything = store.subscriptions(con, private=True)
        feeds = everything if with_private else store.subscriptions(con, private=False)
    document = write_opml(feeds)
    if target:
        with open(target, "wb", opener=for_owner if with_private else None) as file:
            file.write(document)
        err.print(f"{plural(len(feeds), 'feed')} written to {target}")
    else:
        typer.echo(document.decode(), nl=False)
    if left_out := len(everything) - len(feeds):
        err.print(
            f"{plural(left_out, 'private feed')} left out: --with-private writes them, with their tokens, to a file"
        )


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
    folders = [feed.feed_url for feed in feeds if local_path(feed.feed_url)]
    if folders and source.startswith(("http://", "https://")):
        raise FeedError(
            f"{source} names a folder of this machine, {folders[0]}",
            remedy="a list from elsewhere may not; subscribe to a folder of your own with `digest feeds add FOLDER`",
        )
    new = _subscribe(feeds, settings)
    return new, len(feeds) - new


def fetch(url: str, settings: Settings) -> Fetched:
    """Read one address."""
    return _with_fetcher(settings, lambda fetcher: fetcher.get(url))


def _subscribe(feeds: list[Subscription], settings: Settings) -> int:
    with warehouse_of(settings).write() as con:
        return store.add_feeds(con, feeds, datetime.now(UTC).replace(tzinfo=None))


def _with_fetcher(settings: Settings, use: Callable[[Fetcher], Awaitable[T]]) -> T:
    async def session() -> T:
        async with Fetcher(settings) as fetcher:
            return await use(fetcher)

    return asyncio.run(session())


def _code(language: str) -> str:
    code = whisper_code(language) or language.lower()
    if not LANGUAGE.fullmatch(code):
        raise typer.BadParameter(f"{language!r} is no language: give its code, such as de")
    return code


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d\n%H:%M") if moment else "–"
