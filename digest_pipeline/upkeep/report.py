"""After each run: the metrics are written, and what is new and needs a look goes to whoever operates the digest."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.errors import DigestError
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.alerts import alert
from digest_pipeline.upkeep.health import health_of
from digest_pipeline.upkeep.metrics import write_metrics
from digest_pipeline.warehouse.choice import warehouse_of

# What grows from day to day in a line that says the same thing.
COUNTED = re.compile(
    r"\d+ (?:complete )?days?(?= without one|,|:|$)|(?<=^no digest since )[\d-]+|(?<=: )\d+(?= of the last deliveries)"
    r"|[\d.]+ (?=insights a day|were usual)|(?<=asks to wait )\d+(?= s)|(?<=\d), nor of \d+ days? before: .*"
)


def report(settings: Settings, title: str, lines: Sequence[str], now: datetime, *, is_all: bool = True) -> list[str]:
    """Write the metrics, and send what was not said before; returns what was sent.

    Args:
        settings: of the home folder.
        title: of the alert.
        lines: what a run found: failures, failing and silent feeds, a spent budget.
        now: aware.
        is_all: there is nothing else to say; what was said before and is not among it is mended, and may come again.

    Raises:
        DigestError, duckdb.Error: the database cannot be read. The lines were sent, and that it cannot.
    """
    try:
        with warehouse_of(settings).read() as con, open_delivery(settings.subscribers) as ledger:
            health = health_of(con, ledger, settings, now)
            said = _tell(settings, title, [*lines, *health.problems], is_all=is_all)  # first: the disk may be full
            write_metrics(con, health, settings)
    except (DigestError, duckdb.Error) as error:
        _tell(settings, title, [*lines, str(error)], is_all=False)
        raise
    return said


def _tell(settings: Settings, title: str, lines: Sequence[str], *, is_all: bool) -> list[str]:
    """Send the lines that were not said before, but for what is counted in them."""
    if not settings.alert_url.get_secret_value():
        return []
    now = {COUNTED.sub("#", line): line for line in lines}
    file = settings.home / "alerted.json"
    before = [COUNTED.sub("#", line) for line in _said(file)]
    new = [line for key, line in now.items() if key not in set(before)]
    if new and not alert(settings, title, new):
        return []
    draft = file.with_suffix(".part")
    draft.write_text(json.dumps(list(now if is_all else dict.fromkeys([*before, *now])), ensure_ascii=False), "utf-8")
    draft.replace(file)
    return new


def _said(file: Path) -> list[str]:
    """What was said before; where nothing was, or a power cut took the words, all is said again."""
    try:
        said: list[str] = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return said
