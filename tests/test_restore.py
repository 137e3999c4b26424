"""A backup put back: without loss, what it replaces kept, and nobody sent anything a second time."""

import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pytest

from bench.published import made_up_archive, publish
from digest_pipeline.delivery import ledger
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.ledger import Delivery, Outcome
from digest_pipeline.delivery.subscribers import SubscriberBook, new_id
from digest_pipeline.errors import SubscribersDamaged, WarehouseTooNew
from digest_pipeline.models import Subscriber
from digest_pipeline.publishing.retract import retract
from digest_pipeline.publishing.store import published_days, retractions
from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.backup import DATABASE, SUBSCRIBERS, back_up, read_backup
from digest_pipeline.upkeep.leftovers import find_leftovers
from digest_pipeline.upkeep.restore import restore
from digest_pipeline.warehouse import Warehouse
from tests.lived_in import FIRST, NOW, addresses, live_in, site_of


@pytest.fixture
def lived_in(settings: Settings, warehouse: Warehouse) -> Settings:
    return live_in(settings, warehouse)


def test_a_home_that_is_lost_comes_back_whole(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW, into=lived_in.home.parent / "elsewhere")
    before, pages = made.rows, site_of(lived_in)
    lived_in.home.rename(lived_in.home.with_name("lost"))
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert set(done.files) == {DATABASE, SUBSCRIBERS, "digest.toml"}
    assert done.replaced is None
    assert back_up(lived_in, NOW).rows == before
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]
    assert site_of(lived_in) == pages
    assert lived_in.subscribers.stat().st_mode & 0o077 == 0


def test_what_was_written_since_is_kept_aside_and_subscribers_stay_as_they_are(
    lived_in: Settings, warehouse: Warehouse
) -> None:
    made = back_up(lived_in, NOW)
    with warehouse.write() as con:
        publish(con, made_up_archive(FIRST, 4)[3], np.random.default_rng(1))
    with open_delivery(lived_in.subscribers) as con:
        SubscriberBook(con).save(Subscriber(new_id(), "mail", "cem@example.org", is_active=True))
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert done.files == (DATABASE,)
    assert done.held == 0
    with warehouse.read() as con:
        assert len(published_days(con)) == 3
    assert done.replaced
    with duckdb.connect(str(done.replaced / DATABASE), read_only=True) as con:
        assert len(published_days(con)) == 4
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org", "cem@example.org"]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_what_was_retracted_since_the_backup_stays_so(
    lived_in: Settings, warehouse: Warehouse, is_damaged: bool
) -> None:
    made = back_up(lived_in, NOW)
    item = made_up_archive(FIRST, 1)[0].items[0]
    with warehouse.write() as con:
        taken = retract(con, item.claim_id, "At the publisher's wish.", NOW)
    warehouse.leave_snapshot(lived_in.snapshot)
    if is_damaged:
        lived_in.database.write_bytes(b"not a database")
    restore(lived_in, read_backup(made.folder), NOW + timedelta(days=2))
    with warehouse.read() as con:
        assert retractions(con) == [taken]
    assert not any(item.quote.encode() in page for page in site_of(lived_in).values())


def test_after_a_restore_nobody_is_sent_what_they_may_have_got(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    later = NOW + timedelta(days=2)
    done = restore(lived_in, read_backup(made.folder), later)
    days = (later.date() - (NOW.date() - timedelta(days=lived_in.mail_days_back))).days
    assert done.held == 2 * days
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        digest = made_up_archive(later.date() - timedelta(days=1), 1)[0]
        assert not ledger.claim(con, Delivery(ann, (digest,)))
        assert ledger.tally(con)[0][2:4] == ("unknown", ledger.RESTORED)


def test_what_waited_in_a_backup_is_not_sent_after_its_ledger_was_lost(lived_in: Settings) -> None:
    digest = made_up_archive(FIRST, 1)[0]
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        ledger.note(con, Delivery(ann, (digest,)), Outcome("waiting"))
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    restore(lived_in, read_backup(made.folder), NOW)
    with open_delivery(lived_in.subscribers) as con:
        assert ledger.statuses(con)[ann.subscriber_id][FIRST] == "unknown"
        assert not ledger.claim(con, Delivery(ann, (digest,)))


def test_the_days_that_a_restore_holds_are_those_of_the_digests_time_zone(lived_in: Settings) -> None:
    far_east = lived_in.model_copy(update={"timezone": "Pacific/Auckland"})
    made = back_up(far_east, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")
    restore(far_east, read_backup(made.folder), datetime(2026, 9, 19, 19, 0, tzinfo=UTC))  # the 20th there
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert max(ledger.statuses(con)[ann.subscriber_id]) == date(2026, 9, 19)


def test_a_restore_heeds_the_settings_that_it_puts_back(lived_in: Settings) -> None:
    (lived_in.home / "digest.toml").write_text('mail_days_back = 9\nsite_title = "Heard today"\n')
    made = back_up(lived_in, NOW)
    for file in (lived_in.home / "digest.toml", lived_in.subscribers):
        file.unlink()
    restore(lived_in, read_backup(made.folder), NOW)
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert min(ledger.statuses(con)[ann.subscriber_id]) == NOW.date() - timedelta(days=9)
    assert b"Heard today" in site_of(lived_in)["index.html"]


def test_what_init_and_doctor_made_does_not_keep_a_backup_out(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW, into=lived_in.home.parent / "elsewhere")
    lived_in.home.rename(lived_in.home.with_name("lost"))
    lived_in.home.mkdir()
    (lived_in.home / "digest.toml").write_text("# top_n = 5\n")
    with open_delivery(lived_in.subscribers):
        pass
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert set(done.files) == {DATABASE, SUBSCRIBERS, "digest.toml"}
    assert done.kept == ()
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]
    assert (lived_in.home / "digest.toml").read_text() == "top_n = 5\n"


def test_a_damaged_file_of_subscribers_is_named_and_replaced(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.write_bytes(b"no database at all" * 1000)
    with pytest.raises(SubscribersDamaged, match=r"damaged.*digest restore"):
        addresses(lived_in)
    done = restore(lived_in, read_backup(made.folder), NOW)
    assert SUBSCRIBERS in done.files
    assert done.held > 0
    assert addresses(lived_in) == ["ann@example.org", "bob@example.org"]


def test_backups_may_lie_on_another_disk(lived_in: Settings) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.exists() or shared_memory.stat().st_dev == lived_in.home.stat().st_dev:
        pytest.skip("there is no other file system here")
    with TemporaryDirectory(dir=shared_memory) as elsewhere:
        lived_in.backups.symlink_to(elsewhere)
        made = back_up(lived_in, NOW)
        done = restore(lived_in, read_backup(made.folder), NOW)
        assert done.replaced
        assert (done.replaced / DATABASE).exists()


def test_a_restore_that_dies_and_is_done_again_holds_all_the_same(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(lived_in, NOW)
    lived_in.subscribers.rename(lived_in.home / "lost")

    rename = Path.rename

    def dies_when_subscribers_are_in_place(path: Path, target: Path) -> Path:
        renamed = rename(path, target)
        if target == lived_in.subscribers:
            raise KeyboardInterrupt
        return renamed

    monkeypatch.setattr(Path, "rename", dies_when_subscribers_are_in_place)
    with pytest.raises(KeyboardInterrupt):
        restore(lived_in, read_backup(made.folder), NOW)
    monkeypatch.undo()
    assert restore(lived_in, read_backup(made.folder), NOW).held == 0
    with open_delivery(lived_in.subscribers) as con:
        (ann, _) = SubscriberBook(con).active()
        assert not ledger.claim(con, Delivery(ann, (made_up_archive(NOW.date() - timedelta(days=1), 1)[0],)))


def test_a_restore_that_dies_before_the_last_rename_forgets_nobody_who_left(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(lived_in, NOW)
    with open_delivery(lived_in.subscribers) as con:
        book = SubscriberBook(con)
        book.erase(book.active()[1].subscriber_id, suppress=True)
    rename = Path.rename

    def dies_before_subscribers_are_in_place(path: Path, target: Path) -> Path:
        if target == lived_in.subscribers:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", dies_before_subscribers_are_in_place)
    with pytest.raises(KeyboardInterrupt):
        restore(lived_in, read_backup(made.folder), NOW, subscribers=True)
    monkeypatch.undo()
    assert addresses(lived_in) == ["ann@example.org"]  # the file as it was
    restore(lived_in, read_backup(made.folder), NOW + timedelta(minutes=1), subscribers=True)
    assert addresses(lived_in) == ["ann@example.org"]


DIES = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from digest_pipeline.settings import load_settings
from digest_pipeline.upkeep import restore
from digest_pipeline.upkeep.backup import read_backup

hold = restore._hold
restore._hold = lambda *those: hold(*those) and os.kill(os.getpid(), 9)
restore.restore(load_settings(), read_backup(Path(sys.argv[1])), datetime(2026, 9, 18, 9, tzinfo=UTC))
"""


def test_a_restore_that_died_leaves_nothing_to_that_of_another_backup(lived_in: Settings) -> None:
    elsewhere = lived_in.home.parent / "elsewhere"
    first = back_up(lived_in, NOW, into=elsewhere)
    with open_delivery(lived_in.subscribers) as con:
        book = SubscriberBook(con)
        for n in range(200):
            book.save(Subscriber(new_id(), "mail", f"{n:03d}@example.org", is_active=True))
        book.erase(book.active()[0].subscriber_id, suppress=True)
    expected, second = addresses(lived_in), back_up(lived_in, NOW + timedelta(hours=1), into=elsewhere)
    lived_in.home.rename(lived_in.home.with_name("lost"))
    died = subprocess.run([sys.executable, "-c", DIES, str(first.folder)], check=False)
    assert died.returncode == -signal.SIGKILL
    names = {path.name for path in find_leftovers(lived_in).paths}
    assert {"subscribers.sqlite.restored", "subscribers.sqlite.restored-wal"} < names
    restore(lived_in, read_backup(second.folder), NOW)
    assert addresses(lived_in) == expected
    assert find_leftovers(lived_in).paths == ()


def test_restored_subscribers_do_not_forget_who_left_and_what_was_sent(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW)
    digest = made_up_archive(FIRST, 1)[0]
    with open_delivery(lived_in.subscribers) as con:
        ann, bob = SubscriberBook(con).active()
        ledger.claim(con, Delivery(ann, (digest,)))
        ledger.finish(con, Delivery(ann, (digest,)), Outcome("sent"))
        SubscriberBook(con).erase(bob.subscriber_id, suppress=True)
    restore(lived_in, read_backup(made.folder), NOW, subscribers=True)
    assert addresses(lived_in) == ["ann@example.org"]
    with open_delivery(lived_in.subscribers) as con:
        assert ledger.statuses(con)[ann.subscriber_id][FIRST] == "sent"
        assert ledger.delivered_claims(con, ann.subscriber_id) == {item.claim_id for item in digest.items}


def test_who_left_a_home_that_was_made_anew_has_left(lived_in: Settings) -> None:
    made = back_up(lived_in, NOW, into=lived_in.home.parent / "elsewhere")
    lived_in.home.rename(lived_in.home.with_name("lost"))
    with open_delivery(lived_in.subscribers) as con:
        book = SubscriberBook(con)
        for name in ("ann", "bob"):
            again = book.save(Subscriber(new_id(), "mail", f"{name}@example.org", is_active=True))
        book.erase(again.subscriber_id, suppress=True)
    restore(lived_in, read_backup(made.folder), NOW, subscribers=True)
    assert addresses(lived_in) == ["ann@example.org"]
    with open_delivery(lived_in.subscribers) as con:
        assert SubscriberBook(con).is_suppressed("mail", "bob@example.org")


def test_a_backup_of_a_later_release_is_refused(lived_in: Settings, warehouse: Warehouse) -> None:
    made = back_up(lived_in, NOW)
    with duckdb.connect(str(made.folder / DATABASE)) as con:
        con.execute("insert into raw.migrations values (999, '999_future.sql', now())")
    with pytest.raises(WarehouseTooNew, match="made the backup"):
        restore(lived_in, made, NOW)
    with warehouse.read() as con:
        assert len(published_days(con)) == 3
