"""The command ``digest``. Commands that only look never start Dagster."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.main import get_group

from digest_pipeline import __version__
from digest_pipeline.cli.console import err
from digest_pipeline.errors import DigestError

COMMANDS = {  # each one's module and what it is called there, in the order in which the help lists them
    "init": "setup:init",
    "feeds": "feeds:app",
    "run": "run:run",
    "preview": "preview:preview",
    "rescore": "rescore:rescore",
    "subscribers": "subscribers:app",
    "serve": "serve:serve",
    "show": "look:show",
    "search": "search:search",
    "why": "why:why",
    "verdict": "verdict:verdict",
    "verdicts": "verdict:verdicts",
    "retract": "retract:retract",
    "eval": "evaluate:evaluate",
    "export": "look:export",
    "status": "look:status",
    "deliver": "deliver:deliver",
    "deliveries": "deliver:deliveries",
    "backup": "upkeep:backup",
    "restore": "upkeep:restore",
    "migrate-store": "upkeep:migrate_store",
    "doctor": "setup:doctor",
    "demo": "demo:demo",
}


class _Commands(TyperGroup):
    """The commands, each imported when it is asked for: what all of them need takes a second longer to load."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # typer lists names, and suggests them

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """See ``TyperGroup``."""
        if cmd_name in COMMANDS and self.commands[cmd_name] is None:
            module, _, name = COMMANDS[cmd_name].partition(":")
            found = getattr(import_module(f"digest_pipeline.cli.{module}"), name)
            holder = typer.Typer(rich_markup_mode="rich")
            if isinstance(found, typer.Typer):
                holder.add_typer(found, name=cmd_name)
            else:
                holder.command(cmd_name)(found)
            self.commands[cmd_name] = get_group(holder).commands[cmd_name]
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="digest",
    cls=_Commands,
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
    import duckdb  # slow to import, as SQLAlchemy is, and needed only here
    from sqlalchemy.exc import DatabaseError

    from digest_pipeline.sqlite import DAMAGED, HINDERED, is_one_of

    of_the_file = is_one_of(error, (*DAMAGED, *HINDERED))  # the others are faults of the software
    if of_the_file or isinstance(error, (duckdb.IOException, duckdb.SerializationException)):
        said = str(error).partition("\n")[0]
        return f"a database in the home folder: {said} (make room, let its files be written, or restore a backup)"
    if isinstance(error, DatabaseError):
        said = f"Dagster's records: {error.orig}"
        if is_one_of(error.orig, DAMAGED):
            return f"{said} (a damaged file of DIGEST_HOME/dagster can go: runs make it anew)"
        return f"{said} (make room, or let its files be written)" if is_one_of(error.orig, HINDERED) else said
    return ""
