"""What every command shares: the terminal, dates as arguments, and progress drawn from log records."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.segment import Segment
from rich.table import Column, Table

from digest_pipeline.words import readable


class _SafeConsole(Console):
    """Its own colours and bars are the only commands that it gives the terminal: stored text may hold others."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(readable(segment.text), segment.style)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep to the output of now: a run puts its log in the place of standard output, for dbt and Dagster."""
        before, self.file = self._file, self.file
        try:
            yield
        finally:
            self._file = before


out = _SafeConsole(highlight=False)
err = _SafeConsole(stderr=True, highlight=False)


def echo(text: str) -> None:
    """Print text as it is to standard output, but for what would be a command to the terminal."""
    typer.echo(readable(text).replace("\r", ""), nl=False)


def table_of(*columns: str | Column, **layout: Any) -> Table:
    """A table in which what is too wide for its column goes on in the next line: half an id or path is of no use."""
    return Table(*(Column(one, overflow="fold") if isinstance(one, str) else one for one in columns), **layout)


def parse_day(text: str) -> date:
    """A date argument.

    Raises:
        typer.BadParameter: it is no ISO date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date like 2026-09-14") from error


def for_owner(path: str, flags: int) -> int:
    """Open a file for its owner alone, even one that others could read before: an ``opener`` of ``open``."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


class _ProgressHandler(logging.Handler):
    """Draws one bar a stage; warnings are printed above it. Without a terminal, each step is a line."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self.progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._days: TaskID | None = None

    def emit(self, record: logging.LogRecord) -> None:
        message = escape(record.getMessage())
        stage = getattr(record, "stage", None)
        if record.levelno >= logging.WARNING:
            self.progress.console.print(f"  [yellow]![/] {message}", soft_wrap=True)
        elif not self.progress.console.is_terminal:
            self.progress.console.print(f"  {message}", soft_wrap=True)
        if stage:
            done, total = record.__dict__["done"], record.__dict__["total"]
            if stage not in self._tasks:
                self._tasks[stage] = self.progress.add_task(stage, total=total, what="")
            self.progress.update(self._tasks[stage], completed=done, total=total, what=message.split(": ", 1)[-1][:70])
        elif self._tasks:
            self.progress.update(list(self._tasks.values())[-1], what=message[:70])

    def show_days(self, done: int, total: int, left: str) -> None:
        """How far a range of days is, in a bar that stays."""
        if not self.progress.console.is_terminal:
            self.progress.console.print(f"  days {done}/{total}: {left}", soft_wrap=True)
        if self._days is None:
            self._days = self.progress.add_task("days", total=total, what="")
        self.progress.update(self._days, completed=done, what=left)

    def start_day(self) -> None:
        """Forget the stages of the day before."""
        for task in self._tasks.values():
            self.progress.remove_task(task)
        self._tasks.clear()


@contextmanager
def progress_bars(console: _SafeConsole = out) -> Iterator[_ProgressHandler]:
    """Show the library's progress while the block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", style="dim"),
    )
    with console.held(), Progress(*columns, console=console, transient=True) as progress:
        handler = _ProgressHandler(progress)
        logger = logging.getLogger("digest_pipeline")
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        try:
            yield handler
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
