"""What a day meets: the demo's feeds, a language model and a mail server, all on loopback, and what they were asked."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.llm import answer
from digest_pipeline.bundled import bundled
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.demo import DemoNetwork, serve
from digest_pipeline.models import Subscriber
from tests.conftest import Web
from tests.llm_server import Reply, StandIn
from tests.mail_server import Inbox, inbox

SUBSCRIBERS = 6
REPLY_SECONDS = 0.1


@dataclass
class World:
    """The servers of a day. ``environment`` is how a run finds them."""

    day: date
    environment: dict[str, str]
    model: StandIn
    box: Inbox

    def questions(self, first: int = 0) -> list[str]:
        """What the model was asked, from the ``first`` question on."""
        return [json.dumps(request["messages"]) for request in self.model.asked[first:]]

    def mails(self, first: int = 0) -> Counter[str]:
        """How many mails each recipient got, from the ``first`` mail on."""
        return Counter(str(message["To"]) for message in self.box.messages[first:])


@contextmanager
def world(chunk_seconds: int = 60, shows: tuple[str, ...] = ()) -> Iterator[World]:
    """Serve the demo's first day, which has audio; of ``shows`` only, where they are named."""
    network = DemoNetwork(bundled("demo"))
    network.today = network.first_day
    network.shows = {slug: show for slug, show in network.shows.items() if not shows or slug in shows}
    web = Web()

    def reply(request: dict[str, object]) -> Reply:
        said = answer(request)
        said.wait = REPLY_SECONDS
        return said

    model = StandIn(web, reply)
    try:
        with serve(network, 0) as base, inbox() as box:
            environment = {
                "BENCH_OPML": f"{base}/opml",
                "HF_HUB_OFFLINE": "1",
                "OMP_NUM_THREADS": "1",
                "DIGEST_ALLOW_PRIVATE_HOSTS": "1",
                "DIGEST_WHISPER_MODEL": "tiny.en",
                "DIGEST_WHISPER_CHUNK_SECONDS": str(chunk_seconds),
                "DIGEST_EXTRACTOR": "rewrite",
                "DIGEST_LLM_MODEL": "openai/stand-in",
                "DIGEST_LLM_API_BASE": f"{web.url}/v1",
                "DIGEST_LLM_API_KEY": "none",
                "DIGEST_LLM_IS_FREE": "1",
                "DIGEST_LLM_CONCURRENCY": "1",
                "DIGEST_SMTP_HOST": "127.0.0.1",
                "DIGEST_SMTP_PORT": str(box.port),
                "DIGEST_SMTP_SECURITY": "none",
                "DIGEST_MAIL_FROM": "Five <digest@digest.example>",
                "DIGEST_MAIL_DAYS_BACK": "3650",
                "DIGEST_SITE_URL": "https://digest.example/",
            }
            yield World(network.first_day, environment, model, box)
    finally:
        web.close()


def with_readers(home: Path) -> Path:
    """A home folder with nothing in it but confirmed subscribers."""
    home.mkdir()
    with open_delivery(home / "subscribers.sqlite") as con:
        book = SubscriberBook(con)
        for number in range(SUBSCRIBERS):
            book.save(Subscriber(f"su_{number}", "mail", f"reader{number}@example.org", is_active=True))
        con.execute("update subscribers set confirmed_at = '2026-09-01T00:00:00'")
    return home
