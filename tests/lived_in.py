"""A home folder that somebody uses: three published days, two subscribers, settings."""

from datetime import UTC, date, datetime

import numpy as np

from bench.published import made_up_archive, publish
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.models import Subscriber
from digest_pipeline.publishing.publish import build_again
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

NOW = datetime(2026, 9, 18, 9, 0, tzinfo=UTC)
FIRST = date(2026, 9, 14)


def live_in(settings: Settings, warehouse: Warehouse) -> Settings:
    """Three published days, two subscribers, settings."""
    chance = np.random.default_rng(1)
    with warehouse.write() as con:
        for digest in made_up_archive(FIRST, 3):
            publish(con, digest, chance)
    with open_delivery(settings.subscribers) as con:
        for name in ("ann", "bob"):
            SubscriberBook(con).save(Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True))
    (settings.home / "digest.toml").write_text("top_n = 5\n")
    build_again(warehouse, settings)
    return settings


def addresses(settings: Settings) -> list[str]:
    with open_delivery(settings.subscribers) as con:
        return [one.address for one in SubscriberBook(con).all()]


def site_of(settings: Settings) -> dict[str, bytes]:
    return {str(p.relative_to(settings.site)): p.read_bytes() for p in settings.site.rglob("*") if p.is_file()}
