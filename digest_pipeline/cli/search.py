"""``digest search``: ask everything that was said."""

import json
from datetime import date
from functools import partial
from typing import Annotated, Any

import typer
from rich.markup import escape

from digest_pipeline.cli.console import echo, err, out, parse_day, progress_bars
from digest_pipeline.search.filters import Kind
from digest_pipeline.settings import Settings, load_settings


def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS", help="What to look for; '\"a phrase\"' must stand there as it is.")
    ],
    show: Annotated[str | None, typer.Option(help="Only shows with this in their title.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Only speakers with this in their name.")] = None,
    theme: Annotated[str | None, typer.Option(help="Only claims of a theme: its id, or part of its title.")] = None,
    first: Annotated[
        date | None, typer.Option("--from", parser=parse_day, metavar="DAY", help="From this day of the digest on.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=parse_day, metavar="DAY", help="Up to this day, included.")
    ] = None,
    published: Annotated[
        bool | None,
        typer.Option("--published/--unpublished", help="Only claims that a digest published, or that none did."),
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--in", help="Only claims, or only talk.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="Most answers.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Find claims and talk of every show, by their words and by their meaning, with quote, time and link."""
    from digest_pipeline.search import search as find

    settings = load_settings()
    if not settings.search_index.exists():
        _build(settings)
    answers = find(
        " ".join(words),
        show=show, speaker=speaker, theme=theme, first=first, last=last, published=published, kind=kind, limit=limit,
        settings=settings,
    ).to_dicts()  # fmt: skip
    if as_json:
        echo(json.dumps(answers, indent=2, ensure_ascii=False, default=str) + "\n")
        return
    for answer in answers:
        _print(answer)
    if not answers:
        out.print("Nothing that was said comes near.")


def _build(settings: Settings) -> None:
    from digest_pipeline.claims.models.punctuation import get_punctuator
    from digest_pipeline.encoder import get_embedder
    from digest_pipeline.search import update_index
    from digest_pipeline.warehouse.choice import looking

    with looking(settings):
        pass  # no file is made in a home that has nothing to search
    with progress_bars(err):  # standard output is for the answers
        update_index(
            settings.search_index,
            partial(looking, settings),
            get_embedder(settings),
            punctuator_of=partial(get_punctuator, settings),
        )


def _print(answer: dict[str, Any]) -> None:
    from digest_pipeline.publishing.render import clock

    if answer["headline"]:
        out.print(f"[bold]{escape(answer['headline'])}[/]  [dim]{answer['id']}[/]")
    if not (answer["headline"] or "").startswith(answer["quote"]):
        out.print(f"“{escape(answer['quote'])}”")
    said = f"{answer['speaker']}, " if answer["speaker"] else ""
    place = f"{said}{answer['show']}, “{answer['episode']}”, {clock(answer['start_seconds'])}, {answer['digest_date']}"
    out.print(f"[cyan]{escape(place)}[/]")
    if answer["theme"] or answer["rank"]:
        rank = f"number {answer['rank']} of its digest" if answer["rank"] else "not published"
        out.print(f"[dim]{escape(' · '.join(filter(None, (rank, answer['theme']))))}[/]")
    if answer["link"]:
        out.print(f"[dim]{escape(answer['link'])}[/]", soft_wrap=True)
    out.print()
