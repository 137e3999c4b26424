"""Mails to many subscribers over a real server that misbehaves: what they cost, and that a kill sends none twice.

    python -m bench.delivery [SUBSCRIBERS] [KILLS]

Of the subscribers 5 % are put off twice, 2 % refused for good, 2 % lose their connection before the text and 1 %
after the server has accepted it (``bench/mail_server.py``). First one run, against a plain loop of smtplib over one
connection that keeps no ledger and tries nothing twice; then a run that is killed (SIGKILL) at random moments and
called again.
"""

import os
import random
import resource
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from bench.mail_server import number_of
from bench.measure import amounts
from bench.published import made_up_archive, publish
from digest_pipeline.delivery.channels.message import digest_message
from digest_pipeline.delivery.database import open_delivery, secret_of
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import Delivery
from digest_pipeline.delivery.links import SignedLinks
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.models import Subscriber
from digest_pipeline.publishing.store import published_digests
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse.choice import looking, warehouse_of

SUBSCRIBERS, KILLS = 1_000, 30
DELAYS = (0.0, 0.05)  # seconds that the server takes for a text: none, and about what one on the internet takes
DAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 15, 6, 30, tzinfo=UTC)
ACCEPTED_STATES = ("sent", "started", "unknown")
TEXTS = (
    "claim_id", "headline", "explanation", "quote", "speaker", "show_title", "episode_title", "audio_url", "link",
    "theme", "why", "cluster_id",
)  # fmt: skip
NUMBERS = (
    "rank", "start_seconds", "end_seconds", "score", "worthiness", "clarity", "novelty", "specificity",
    "corroboration", "momentum",
)  # fmt: skip
COLUMNS = ", ".join([f"{name} varchar" for name in TEXTS] + [f"{name} double" for name in NUMBERS])
EMPTY_MART = f"create table marts.fct_insights ({COLUMNS}, digest_date date)"  # what dbt leaves, as far as it is read


def main(subscribers: int = SUBSCRIBERS, kills: int = KILLS) -> None:
    """Measure and print; fails when a mail went twice or was lost."""
    for delay in DELAYS:
        figures = {}
        for way in ("plain", "ours"):
            with tempfile.TemporaryDirectory() as folder, mail_server(Path(folder), delay) as (port, log):
                home = prepare(Path(folder) / "home", subscribers)
                child = start(way, home, port)
                said, _ = child.communicate()
                figures[way] = float(said.split()[1])
                print(f"server takes {delay:g} s a text, {way}: {said.split(maxsplit=1)[1].strip()}", flush=True)
                if way == "ours":
                    print(Books.read(home, log).verdict(subscribers))
        print(f"ours / plain: {figures['ours'] / figures['plain']:.2f} times the seconds", flush=True)
    with tempfile.TemporaryDirectory() as folder, mail_server(Path(folder), DELAYS[1]) as (port, log):
        home = prepare(Path(folder) / "home", subscribers)
        killed = deliver_with_kills(home, port, log, kills, seconds_a_life=figures["ours"] / (kills + 10), seed=7)
        print(f"killed {killed} times: {Books.read(home, log).verdict(subscribers)}")


@dataclass(frozen=True)
class Books:
    """What the server accepted, and what the ledger says of whom."""

    accepted: Counter[int]
    ledger: dict[int, str]

    @classmethod
    def read(cls, home: Path, log: Path) -> "Books":
        """Both, by the readers' numbers."""
        accepted = Counter(int(line) for line in log.read_text().splitlines())
        with open_delivery(home / "subscribers.sqlite") as con:
            rows = con.execute(
                "select address, deliveries.status from deliveries join subscribers using (subscriber_id)"
            )
            return cls(accepted, {number_of(address): status for address, status in rows})

    def verdict(self, subscribers: int) -> str:
        """In a sentence.

        Raises:
            SystemExit: somebody got two mails, an accepted one is not in the ledger, or somebody was forgotten.
        """
        twice = [number for number, times in self.accepted.items() if times > 1]
        lost = [number for number in self.accepted if self.ledger.get(number) not in ACCEPTED_STATES]
        wrong = [number for number, status in self.ledger.items() if status == "sent" and not self.accepted[number]]
        forgotten = set(range(subscribers)) - self.ledger.keys()
        if twice or lost or wrong or forgotten:
            raise SystemExit(
                f"twice {twice}, not in the ledger {lost}, not sent {wrong}, forgotten {sorted(forgotten)}"
            )
        open_ended = [number for number, status in self.ledger.items() if status in ("started", "unknown")]
        arrived = sum(number in self.accepted for number in open_ended)
        return (
            f"{len(self.accepted)} accepted once each, none twice; ledger {dict(Counter(self.ledger.values()))}; of"
            f" {len(open_ended)} of unknown fate {arrived} had arrived and {len(open_ended) - arrived} had not"
        )


def prepare(home: Path, subscribers: int) -> Path:
    """A home with a published digest and so many subscribers."""
    settings = Settings(home=home)
    with warehouse_of(settings).write() as con:
        publish(con, next(iter(made_up_archive(DAY, 1))), np.random.default_rng(1))
        con.execute("create schema marts")
        con.execute(EMPTY_MART)
    with open_delivery(settings.subscribers) as con:
        book = SubscriberBook(con)
        con.execute("pragma synchronous = off")
        for number in range(subscribers):
            book.save(Subscriber(f"su_{number}", "mail", f"reader{number}@example.org", is_active=True))
        con.execute("update subscribers set confirmed_at = '2026-09-01T00:00:00'")
    return home


def deliver_with_kills(home: Path, port: int, log: Path, kills: int, *, seconds_a_life: float, seed: int) -> int:
    """Deliver, killed at random moments and called again, at last undisturbed; how many kills hit a living process.

    Every fifth kill may come before the first mail of its process, the others some time after it.
    """
    chance, killed = random.Random(seed), 0
    for number in range(kills):
        child = start("ours", home, port)
        assert child.stdout
        child.stdout.readline()  # it begins
        size = log.stat().st_size
        while number % 5 and log.stat().st_size == size and child.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 2 * seconds_a_life))
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            killed += 1
        child.communicate()
    start("ours", home, port).communicate()
    return killed


def start(way: str, home: Path, port: int) -> "subprocess.Popen[str]":
    """A process that delivers, ``ours`` or ``plain``; it says when it begins, and what came of it."""
    command = [sys.executable, "-m", "bench.delivery", way, str(home), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def send(way: str, home: Path, port: int) -> None:
    """What ``start`` runs."""
    settings = Settings(
        home=home, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", mail_retry_seconds=0.05,
        mail_from="Five <digest@digest.example>", site_url="https://digest.example/",
    )  # fmt: skip
    print("begins", flush=True)
    began = time.monotonic()
    counts = deliver(settings, NOW) if way == "ours" else plain_loop(settings)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} s, {time.process_time():.2f} s CPU, peak {peak:.0f} MiB, {dict(counts)}")


def plain_loop(settings: Settings) -> Counter[str]:
    """The loop that everybody writes first: one connection, one message after the other."""
    counts: Counter[str] = Counter()
    with looking(settings) as con:
        digest = published_digests(con, [DAY])[DAY]
    with open_delivery(settings.subscribers) as con:
        subscribers, links = SubscriberBook(con).active(), SignedLinks(secret_of(con, "links"), settings.site_url)
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port)
    for subscriber in subscribers:
        message = digest_message(settings, Delivery(subscriber, (digest,)), links)
        try:
            server.send_message(message)
            counts["sent"] += 1
        except smtplib.SMTPServerDisconnected:
            counts["broken"] += 1
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port)
        except smtplib.SMTPException:
            counts["refused"] += 1
    server.quit()
    return counts


@contextmanager
def mail_server(folder: Path, delay: float) -> Iterator[tuple[int, Path]]:
    """The server in a process of its own: its port, and the log of what it accepted."""
    log = folder / "accepted"
    log.touch()
    command = [sys.executable, "-m", "bench.mail_server", str(log), str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline()), log
        process.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:2] in (["ours"], ["plain"]):
        send(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(**amounts(__doc__, subscribers=SUBSCRIBERS, kills=KILLS))
