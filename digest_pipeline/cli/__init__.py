"""The command ``digest``. Commands that only look never start Dagster."""

import sys
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from digest_pipeline import __version__
from digest_pipeline.cli import (
    deliver,
    demo,
    evaluate,
    feeds,
    look,
    preview,
    rescore,
    run,
    search,
    serve,
    setup,
    subscribers,
    upkeep,
    verdict,
    why,
)
from digest_pipeline.cli.console import err
from digest_pipeline.errors import DigestError
from digest_pipeline.sqlite import DAMAGED, HINDERED, is_one_of

app = typer.Typer(
    name="digest",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Scan new podcasts and publish the five insights worth your day."""


app.command()(setup.init)
app.add_typer(feeds.app, name="feeds")
app.command()(run.run)
app.command()(preview.preview)
app.command()(rescore.rescore)
app.add_typer(subscribers.app, name="subscribers")
app.command()(serve.serve)
app.command()(look.show)
app.command()(search.search)
app.command()(why.why)
app.command()(verdict.verdict)
app.command()(verdict.verdicts)
app.command("eval")(evaluate.evaluate)
app.command()(look.export)
app.command()(look.status)
app.command()(deliver.deliver)
app.command()(deliver.deliveries)
app.command()(upkeep.backup)
app.command()(upkeep.restore)
app.command()(upkeep.migrate_store)
app.command()(setup.doctor)
app.command()(demo.demo)


def main() -> None:
    """Run the command line: a foreseen failure is one clear line and exit status 1.

    A file that cannot be read or written, a full disk and a damaged database are foreseen too.
    """
    try:
        app()
    except Exception as error:
        if not (said := _foreseen(error)):
            raise
        err.print(f"[bold red]digest:[/] {escape(said)}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _foreseen(error: Exception) -> str:
    """What is said of a failure; nothing where it is a fault of the software."""
    if isinstance(error, (DigestError, OSError)):
        return str(error)
    of_the_file = is_one_of(error, (*DAMAGED, *HINDERED))  # the others are faults of the software
    if of_the_file or isinstance(error, (duckdb.IOException, duckdb.SerializationException)):
        said = str(error).partition("\n")[0]
        return f"a database in the home folder: {said} (make room, let its files be written, or restore a backup)"
    from sqlalchemy.exc import DatabaseError  # slow to import, and needed only here

    if isinstance(error, DatabaseError):
        said = f"Dagster's records: {error.orig}"
        if is_one_of(error.orig, DAMAGED):
            return f"{said} (a damaged file of DIGEST_HOME/dagster can go: runs make it anew)"
        return f"{said} (make room, or let its files be written)" if is_one_of(error.orig, HINDERED) else said
    return ""
