"""Lists of subscribers in and out: what is no CSV, a mail server that fails, a file that others could read."""

from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.exchange import import_csv
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.errors import SubscriberError
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.mail_server import inbox
from tests.readers import subscribe


@pytest.mark.parametrize("text", ['"address" ,hour\na@example.org,7\n', '"address\na@example.org\n'])
def test_a_first_line_that_is_no_csv_is_named(tmp_path: Path, text: str) -> None:
    with open_delivery(tmp_path / "subscribers.sqlite") as con, pytest.raises(SubscriberError, match="is not CSV"):
        list(import_csv(text, SubscriberBook(con), are_confirmed=True))


def test_a_server_that_refuses_the_login_is_asked_once_not_for_every_row(settings: Settings, tmp_path: Path) -> None:
    logins: list[str] = []

    def refuse(*said: object) -> AuthResult:
        logins.append("tried")
        return AuthResult(success=False, handled=False)

    file = tmp_path / "list.csv"
    file.write_text("address\n" + "".join(f"reader{n}@example.org\n" for n in range(5)))
    with inbox(authenticator=refuse, auth_require_tls=False) as box:
        mail = {
            "DIGEST_SMTP_HOST": "127.0.0.1", "DIGEST_SMTP_PORT": str(box.port), "DIGEST_SMTP_SECURITY": "none",
            "DIGEST_SMTP_USERNAME": "digest", "DIGEST_SMTP_PASSWORD": "mistyped",
            "DIGEST_MAIL_FROM": "digest@example.org", "DIGEST_SITE_URL": "https://digest.example",
        }  # fmt: skip
        result = CliRunner().invoke(app, ["subscribers", "import", str(file)], env=mail)
        one_login = len(logins)
        CliRunner().invoke(app, ["subscribers", "add", "ann@example.org"], env=mail)
    assert one_login == len(logins) - one_login  # smtplib tries each of the server's ways to log in
    assert result.exit_code == 1
    assert "5 taken, 5 of them to confirm" in result.output
    assert "SMTPAuthenticationError" in result.output
    assert "4 more" in result.output


def test_a_name_that_no_show_and_no_theme_has_is_asked_about(settings: Settings, tmp_path: Path) -> None:
    add = ["subscribers", "add", "ann@example.org", "--confirmed", "--follow-show", "Lenny's", "--mute-show", "Lennys"]
    first = CliRunner().invoke(app, add)
    assert (first.exit_code, "spelt" in first.output) == (0, False)  # no run yet: any name may come
    with Warehouse(settings.database).write() as con:
        con.execute("insert into raw.feeds (feed_url, title, added_at) values ('https://x.example', 'Lenny’s', now())")
        con.execute(
            "insert into raw.embedding_clusters (cluster_id, digest_date, label, keywords, size, n_shows, first_seen_on,"
            " last_seen_on, centroid, title) values ('th_1', '2026-09-14', 'grid, storage', [], 2, 1, '2026-09-14',"
            " '2026-09-14', [1.0], 'Grid storage')"
        )
    second = CliRunner().invoke(app, [*add, "--follow-theme", "grid storage", "--mute-theme", "th_1"])
    assert [line for line in second.output.splitlines() if "spelt" in line] == [
        "Lennys: no show or theme has been called so; is it spelt right?"
    ]
    file = tmp_path / "list.csv"
    file.write_text("address,followed_themes\nben@example.org,Gird storage\n")
    listed = CliRunner().invoke(app, ["subscribers", "import", str(file), "--confirmed"])
    assert listed.exit_code == 0
    assert "Gird storage: no show or theme" in listed.output


def test_an_export_over_an_older_file_is_readable_by_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    subscribe(settings, "ann")
    file = tmp_path / "list.csv"
    file.write_text("an older list, longer than the new one\n" * 10)
    file.chmod(0o644)
    assert CliRunner().invoke(app, ["subscribers", "export", "-o", str(file)]).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().count("\n") == 2
