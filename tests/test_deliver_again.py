"""Another try of a day, by an operator's choice: of whom it is for, and of nobody else."""

from datetime import timedelta

from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.models import Digest
from digest_pipeline.settings import Settings
from tests.mail_server import Inbox
from tests.readers import DAY, NOW, subscribe


def test_an_operator_can_try_again_what_nobody_knows_of(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann", "bob")
    with open_delivery(mailed.subscribers) as con:
        ann, bob = SubscriberBook(con).active()
        for one in (ann, bob):
            ledger.claim(con, Delivery(one, (published,)))
        ledger.finish(con, Delivery(ann, (published,)), Outcome("unknown"))
        assert len(ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)) == 1  # bob's may be under way just now
        con.execute("update deliveries set started_at = '2026-09-15T06:00:00+00:00'")
        assert len(ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)) == 1
    assert deliver(mailed, NOW, day=DAY) == {"sent": 2}


def test_another_try_that_is_put_off_goes_with_a_later_call(
    mailed: Settings, box: Inbox, three_days: list[Digest]
) -> None:
    subscribe(mailed, "ann")
    now = NOW + timedelta(days=2)
    assert deliver(mailed, now) == {"sent": 1}
    with open_delivery(mailed.subscribers) as con:
        con.execute("update deliveries set status = 'unknown' where digest_date = ?", [DAY.isoformat()])
        again = ledger.reopen(con, DAY, ledger.Retriable.UNKNOWN)
    box.answers = {"ann@example.org": "451 later"}
    assert deliver(mailed, now, day=DAY, only=again) == {"waiting": 1}
    box.answers = {}
    assert deliver(mailed, now) == {"sent": 1}
    assert deliver(mailed, now) == {"done": 1}


def test_another_try_goes_to_those_whom_it_is_for_alone(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    box.answers = {"ann@example.org": "550 no"}
    assert deliver(mailed, NOW) == {"refused": 1}
    box.answers = {}
    subscribe(mailed, "bob")  # weeks later, for all that the retried day knows
    result = retry_by_hand(mailed, "refused")
    assert [message["To"] for message in box.messages] == ["ann@example.org"], result
    with open_delivery(mailed.subscribers) as con:
        assert sum(len(days) for days in ledger.statuses(con).values()) == 1


def retry_by_hand(settings: Settings, status: str) -> str:
    environment = {
        f"DIGEST_{name.upper()}": str(getattr(settings, name))
        for name in ("home", "smtp_host", "smtp_port", "smtp_security", "mail_from", "site_url")
    }
    return CliRunner().invoke(app, ["deliveries", "--date", DAY.isoformat(), "--retry", status], env=environment).output


def test_another_try_of_nobody_says_only_that(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, "ann")
    said = retry_by_hand(mailed, "refused")
    assert "0 to send again" in said
    assert "no active subscribers" not in said
