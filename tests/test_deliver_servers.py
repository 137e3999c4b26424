"""Mail servers as they are: they put off, break off, refuse, want TLS and a login, or are not there."""

import smtplib
import ssl
import time
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr

from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.channels.smtp import MOST_UNANSWERED
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.errors import DigestError
from digest_pipeline.models import Digest
from digest_pipeline.settings import Settings
from tests.mail_server import Inbox, inbox
from tests.readers import NOW, subscribe


def test_who_was_refused_for_good_is_not_asked_again_and_who_was_put_off_is(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", "bob", "cem")
    box.answers = {"bob@example.org": "550 5.1.1 no such mailbox", "cem@example.org": "451 4.7.1 later"}
    assert deliver(mailed, NOW) == {"sent": 1, "refused": 1, "waiting": 1}
    with open_delivery(mailed.subscribers) as con:
        assert con.execute("select attempts from deliveries where status = 'waiting'").fetchall() == [(3,)]
    box.answers = {}
    assert deliver(mailed, NOW) == {"sent": 1, "done": 2}
    assert [message["To"] for message in box.messages] == ["ann@example.org", "cem@example.org"]
    with open_delivery(mailed.subscribers) as con:
        rows = ledger.tally(con)
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("refused", "the server answered 550 5.1.1", 1),
        ("sent", None, 2),
    ]


def test_what_is_put_off_or_broken_off_before_its_text_is_sent_in_the_next_round(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", "bob", "cem")
    box.answers = {"ann@example.org": ["451 4.7.1 later", "421 4.7.0 closing"]}
    box.drops_early = {"bob@example.org": 2}
    assert deliver(mailed, NOW) == {"sent": 3}
    assert sorted(message["To"] for message in box.messages) == [f"{n}@example.org" for n in ("ann", "bob", "cem")]


def test_connections_are_kept_for_many_mails(mailed: Settings, box: Inbox, published: Digest) -> None:
    subscribe(mailed, *[f"reader{n}" for n in range(20)])
    assert deliver(mailed, NOW) == {"sent": 20}
    assert box.connections == mailed.smtp_connections


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_encrypted_and_after_a_login(
    mailed: Settings, published: Digest, tmp_path: Path, security: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    encrypted = (
        {"tls_context": context, "require_starttls": True, "auth_required": True}
        if security == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    subscribe(mailed, "ann")
    with inbox(authenticator=only_the_digest, **encrypted) as box:
        secure = mailed.model_copy(
            update={
                "smtp_port": box.port, "smtp_security": security,
                "smtp_username": "digest", "smtp_password": SecretStr("wrong"),
                "http_ca_file": str(tmp_path / "ca.pem"),
            }
        )  # fmt: skip
        with pytest.raises(DigestError, match="cannot be used: SMTPAuthenticationError"):
            deliver(secure, NOW)
        with pytest.raises(DigestError, match="cannot be used: SSLCertVerificationError"):
            deliver(secure.model_copy(update={"http_ca_file": ""}), NOW)
        right = secure.model_copy(update={"smtp_password": SecretStr("right")})
        assert deliver(right, NOW) == {"sent": 1}
        assert [message["To"] for message in box.messages] == ["ann@example.org"]


def only_the_digest(
    _server: object, _session: object, _envelope: object, _how: str, login: LoginPassword
) -> AuthResult:
    return AuthResult(success=(login.login, login.password) == (b"digest", b"right"), handled=False)


def test_no_server_or_no_answer_is_named(settings: Settings, published: Digest) -> None:
    assert deliver(settings, NOW) == {}
    subscribe(settings, "ann")
    assert deliver(settings, NOW) == {"no server": 1}
    dead = {
        "smtp_host": "127.0.0.1",
        "smtp_port": 1,
        "smtp_security": "none",
        "mail_from": "d@digest.example",
        "mail_retry_seconds": 0,
    }
    with pytest.raises(DigestError, match="cannot be reached"):
        deliver(settings.model_copy(update=dead), NOW)
    with open_delivery(settings.subscribers) as con:
        assert [row[2] for row in ledger.tally(con)] == ["waiting"]


def test_who_waits_for_a_server_that_is_out_of_order_is_named_at_last(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    subscribe(mailed, "ann", "bob")
    unencrypted = mailed.model_copy(update={"smtp_security": "starttls"})
    with pytest.raises(DigestError, match="cannot be used: SMTPNotSupportedError"):
        deliver(unencrypted, NOW)
    deliver(mailed, NOW + timedelta(days=7))
    with open_delivery(mailed.subscribers) as con:
        assert [(row[2], row[4]) for row in ledger.tally(con)] == [("given up", 2)]
    assert box.messages == []


def test_a_login_that_is_put_off_is_tried_in_the_next_round(mailed: Settings, published: Digest) -> None:
    answers = ["454 4.7.0 too many at once", "454 4.7.0 too many at once"]

    def busy(*_: object) -> AuthResult:
        return AuthResult(success=not answers, handled=False, message=answers.pop() if answers else None)

    subscribe(mailed, "ann", "bob")
    with inbox(authenticator=busy, auth_require_tls=False) as box:
        login = {"smtp_port": box.port, "smtp_username": "digest", "smtp_password": SecretStr("right")}
        assert deliver(mailed.model_copy(update=login), NOW) == {"sent": 2}


def test_a_server_that_filters_a_text_for_long_is_waited_for(
    mailed: Settings, box: Inbox, published: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest_pipeline.delivery.channels.smtp.SERVER_SECONDS", 1.0)
    box.text_seconds = 2.0
    subscribe(mailed, "ann")
    assert deliver(mailed, NOW) == {"sent": 1}


def test_a_server_that_answers_no_text_does_not_cost_everybody_the_digest(
    mailed: Settings, box: Inbox, published: Digest
) -> None:
    readers = [f"reader{n}" for n in range(40)]
    subscribe(mailed, *readers)
    box.drops = {f"{name}@example.org" for name in readers}
    lost = MOST_UNANSWERED * mailed.smtp_connections * mailed.mail_rounds
    assert deliver(mailed, NOW) == {"unknown": lost, "waiting": 40 - lost}
    box.drops = set()
    assert deliver(mailed, NOW) == {"sent": 40 - lost, "done": lost}
    assert len({message["To"] for message in box.messages}) == len(box.messages) == 40


@pytest.mark.parametrize("says_so", [False, True])
def test_who_takes_few_mails_over_a_connection_gets_the_next_over_a_new_one(
    mailed: Settings, box: Inbox, published: Digest, says_so: bool
) -> None:
    subscribe(mailed, *[f"reader{n}" for n in range(20)])
    box.mails_per_connection, box.says_so = 1, says_so
    assert deliver(mailed.model_copy(update={"mail_rounds": 1}), NOW) == {"sent": 20}
    assert len({message["To"] for message in box.messages}) == len(box.messages) == box.connections == 20


def test_a_text_whose_end_could_not_leave_is_sent_in_the_next_round(
    mailed: Settings, box: Inbox, published: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = smtplib.SMTP.send

    def so_that_the_server_breaks_off_before_the_end(server: smtplib.SMTP, said: bytes | str) -> None:
        if said == b".\r\n":
            time.sleep(0.1)
        send(server, said)

    monkeypatch.setattr(smtplib.SMTP, "send", so_that_the_server_breaks_off_before_the_end)
    subscribe(mailed, "ann", "bob", "cem")
    box.drops_texts = 2
    assert deliver(mailed, NOW) == {"sent": 3}
    assert len(box.messages) == 3
