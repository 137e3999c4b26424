"""After each run: the metrics are written, and what is new and needs a look goes to whoever operates the digest."""

import json
from collections.abc import Sequence
from datetime import datetime

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.alerts import alert
from digest_pipeline.upkeep.health import health_of
from digest_pipeline.upkeep.metrics import write_metrics
from digest_pipeline.warehouse.choice import warehouse_of


def report(settings: Settings, title: str, lines: Sequence[str], now: datetime) -> list[str]:
    """Write the metrics, and send what was not said before; returns what was sent.

    Args:
        settings: of the home folder.
        title: of the alert.
        lines: what a run found: failures, failing and silent feeds, a spent budget.
        now: aware.
    """
    with warehouse_of(settings).read() as con, open_delivery(settings.subscribers) as ledger:
        health = health_of(con, ledger, settings, now)
        said = _tell(settings, title, [*lines, *health.problems])  # first: a full disk is worth an alert
        write_metrics(con, health, settings)
    return said


def _tell(settings: Settings, title: str, lines: Sequence[str]) -> list[str]:
    """Send the lines that were not said before; what is mended may come again."""
    if not settings.alert_url.get_secret_value():
        return []
    everything = list(dict.fromkeys(lines))
    said = settings.home / "alerted.json"
    before = set(json.loads(said.read_text(encoding="utf-8"))) if said.exists() else set()
    new = [line for line in everything if line not in before]
    if new and not alert(settings, title, new):
        return []
    draft = said.with_suffix(".part")
    draft.write_text(json.dumps(everything, ensure_ascii=False), encoding="utf-8")
    draft.replace(said)
    return new
