"""Addresses at which nobody reads: held after so many mails, shown to the operator, and free to come back."""

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.web.confirmation import mail_asker
from digest_pipeline.delivery.web.optin import request_subscription
from digest_pipeline.models import Digest
from digest_pipeline.settings import Settings
from tests.mail_server import Inbox
from tests.readers import NOW, SINCE, subscribe

LATER = NOW + timedelta(days=2)


@pytest.fixture
def dead(mailed: Settings, box: Inbox) -> Settings:
    """A subscriber of long ago whose mailbox is gone; an address is held after two mails."""
    subscribe(mailed, "ann")
    with open_delivery(mailed.subscribers) as con:
        con.execute("update subscribers set subscribed_at = ?", [SINCE.isoformat()])
    box.answers = {"ann@example.org": "550 5.1.1 <ann@example.org> unknown"}
    return mailed.model_copy(update={"mail_bounces": 2})


def test_an_address_that_bounces_is_held_until_it_is_added_again(
    dead: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    for day in three_days[:2]:
        assert deliver(dead, LATER, day=day.digest_date) == {"refused": 1}
    assert deliver(dead, LATER) == {"bouncing": 1}
    with open_delivery(dead.subscribers) as con:
        assert ledger.tally(con)[0][3] == "the server answered 550 5.1.1"
    listed = CliRunner().invoke(app, ["subscribers", "list"], env={"DIGEST_MAIL_BOUNCES": "2"}).output
    assert ("bouncing" in listed, "active" in listed) == (True, False), listed
    box.answers = {}
    subscribe(dead, "ann")
    assert deliver(dead, LATER) == {"sent": 1}


def test_the_days_of_one_mail_are_one_bounce(dead: Settings, box: Inbox, three_days: list[Digest]) -> None:
    assert deliver(dead, LATER) == {"refused": 1}  # three days in one mail
    assert deliver(dead, LATER) == {"done": 1}


def test_who_is_held_may_subscribe_again_and_nobody_changes_their_wishes(
    dead: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    for day in three_days[:2]:
        deliver(dead, LATER, day=day.digest_date)
    ask = mail_asker(dead)
    assert ask
    box.answers = {}
    for _ in range(2):
        request_subscription(dead, ask, "ann@example.org", "forged")
    assert [message["Subject"] for message in box.messages] == ["Confirm: Five from the feeds"]
    assert deliver(dead, LATER) == {"sent": 1}
    with open_delivery(dead.subscribers) as con:
        assert [one.interests for one in SubscriberBook(con).active()] == [""]
