"""Subscribers of the tests of deliveries: their mail server, the digests published for them, and what they got."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage

import numpy as np
import pytest

from bench.delivery import EMPTY_MART
from bench.published import made_up_archive, publish
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.models import Digest, Subscriber
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.mail_server import Inbox, inbox

DAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)
SINCE = datetime(2026, 9, 1)


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as box:
        yield box


@pytest.fixture
def mailed(settings: Settings, box: Inbox) -> Settings:
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none",
            "mail_retry_seconds": 0.01, "mail_from": "Five <digest@digest.example>", "site_url": "https://digest.example/",
        }
    )  # fmt: skip


@pytest.fixture
def published(warehouse: Warehouse) -> Digest:
    digest = next(iter(made_up_archive(DAY, 1)))
    with warehouse.write() as con:
        publish(con, digest, np.random.default_rng(1))
        con.execute("create schema marts")
        con.execute(EMPTY_MART)
    return digest


@pytest.fixture
def three_days(warehouse: Warehouse, published: Digest) -> list[Digest]:
    """The published day and the two after it."""
    digests = made_up_archive(DAY, 3)
    with warehouse.write() as con:
        for digest in digests[1:]:
            publish(con, digest, np.random.default_rng(1))
    return digests


def subscribe(settings: Settings, *names: str, hour: int | None = None) -> None:
    with open_delivery(settings.subscribers) as con:
        for name in names:
            SubscriberBook(con).save(
                Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True, hour=hour, timezone="UTC")
            )
        con.execute("update subscribers set confirmed_at = ?", [SINCE.isoformat()])


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    return text.get_content(), html.get_content()
