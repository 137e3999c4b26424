"""What is printed of stored data is text: no escape sequence of a feed or a transcript reaches the terminal."""

import logging
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace

import polars as pl
import pytest
from rich.markup import escape
from rich.table import Table
from typer.testing import CliRunner

from digest_pipeline.cli import app, look
from digest_pipeline.cli.console import _SafeConsole, echo, progress_bars
from digest_pipeline.progress import step
from digest_pipeline.publishing import store
from digest_pipeline.warehouse import Warehouse
from tests.test_publishing import digest, item

OWNED = "A \x1b]0;owned\x07\x1b[2J\x9b31m headline\x08"


class Terminal(StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("form", ["text", "md", "json"])
def test_show_prints_no_command_to_the_terminal(warehouse: Warehouse, form: str) -> None:
    with warehouse.write() as con:
        store.record_digest(con, digest(replace(item(), headline=OWNED, quote=OWNED)))
    printed = CliRunner().invoke(app, ["show", "--format", form])
    assert printed.exit_code == 0, printed.output
    assert "headline" in printed.output
    assert not {"\x1b", "\x07", "\x08", "\x9b"} & set(printed.output)


def test_a_line_cannot_be_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", screen := Terminal())
    echo("honest\rforged\n\tand more\n")
    assert screen.getvalue() == "honestforged\n\tand more\n"


def test_the_console_gives_the_terminal_only_its_own_commands() -> None:
    screen, plain = Terminal(), StringIO()
    table = Table("headline", title=escape(OWNED))
    table.add_row(escape(OWNED))
    for file, colours in ((screen, "standard"), (plain, None)):
        console = _SafeConsole(file=file, highlight=False, width=80, color_system=colours)  # type: ignore[arg-type]
        console.print(f"[bold]{escape(OWNED)}[/]")
        console.print(table)
        console.print(OWNED, markup=False)
    shown = screen.getvalue()
    assert "\x1b[1mA ]0;owned[2J31m headline\x1b[0m" in shown
    assert not {"\x07", "\x08", "\x9b"} & set(shown)
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown
    assert "\x1b" not in plain.getvalue()
    assert plain.getvalue().count("31m headline") == 4


@pytest.mark.parametrize("write", ["write_csv", "write_ndjson"])
def test_an_export_is_exact_for_a_pipe_and_safe_on_a_terminal(monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    frame = pl.DataFrame({"headline": [OWNED]})
    exact = getattr(frame, write)()
    for screen in (StringIO(), Terminal()):
        monkeypatch.setattr(look, "sys", SimpleNamespace(stdout=screen))
        monkeypatch.setattr(sys, "stdout", screen)
        look._write(getattr(frame, write), None)
        assert (screen.getvalue() == exact) != screen.isatty()
        assert not screen.isatty() or not {"\x1b", "\x07", "\x9b"} & set(screen.getvalue())


@pytest.mark.parametrize("screen", [StringIO(), Terminal()])
def test_progress_is_shown_where_the_command_was_given(monkeypatch: pytest.MonkeyPatch, screen: StringIO) -> None:
    """While a run's own standard output is its log."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", screen)
    console, log = _SafeConsole(highlight=False), StringIO()
    with progress_bars(console) as bars, redirect_stdout(log):
        step("extract claims", 1, 2, "A show")
        logging.getLogger("digest_pipeline").warning("look here")
        bars.progress.refresh()
        sys.stdout.write("dbt speaks\n")
    assert all(text in screen.getvalue() for text in ("extract claims", "1/2", "look here"))
    assert log.getvalue() == "dbt speaks\n"
    monkeypatch.setattr(sys, "stdout", later := StringIO())
    console.print("done")
    assert later.getvalue() == "done\n"
