"""LLM mode against the stand-in for a server: one episode, an honest claim of it, and an extractor that asks."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

import pytest

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.llm.extract import LlmExtractor
from digest_pipeline.llm.books import Books
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.spending import outcomes_of_day
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.llm_server import Answer, Reply, StandIn

pytestmark = pytest.mark.filterwarnings(
    "default::DeprecationWarning", "default:.*:UserWarning", "default::ResourceWarning"
)
DAY = date(2026, 9, 14)
QUOTE = "the deposit cleared forty percent of the queue in March"
SEGMENTS = [
    Segment(0, 0, 30, "Ann Lee", f"Well, {QUOTE}, and nobody expected it. It may not work everywhere, because some queues are "
            "honest, and a deposit only deters those who ask in five places at once."),
    Segment(1, 30, 40, "Bob Ray", "I do not believe that deposits alone would ever clear a queue like that one in a dry year."),
]  # fmt: skip
EPISODE = Episode("ep_1", "https://x.example/feed", "The Show", "Queues", None, None, "", None, "en")
GOOD: dict[str, Any] = {
    "headline": "A deposit cleared forty percent of the queue in March.",
    "explanation": "A deposit only deters those who ask in five places at once.",
    "quote": QUOTE,
    "speaker": "Ann Lee",
    "kind": "number",
    "entities": ["March", "Fernwick"],
    "worthiness": 0.9,
}


def claims(*rows: dict[str, Any]) -> str:
    return json.dumps({"claims": rows})


GOOD_REPLY = Reply(claims(GOOD))
PRICED: dict[str, Any] = {"llm_is_free": False, "llm_model": "openai/gpt-4o", "llm_budget_usd_per_day": 2.0}


class OnceExtractor(ExtractiveExtractor):
    """The real extractor, which reads the same talk once for all tests."""

    read: ClassVar[dict[str, Extraction]] = {}

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        key = repr((segments, episode.language, self._settings.min_worthiness))
        if key not in self.read:
            self.read[key] = super().extract(episode, segments)
        return self.read[key]


class Setup:
    def __init__(self, web: Web, settings: Settings, warehouse: Warehouse) -> None:
        self.web, self.warehouse = web, warehouse
        self.server = StandIn(web, Reply())
        self.settings = settings.model_copy(
            update={
                "extractor": "llm", "llm_model": "openai/stand-in", "llm_api_base": f"{web.url}/v1", "llm_is_free": True,
                "llm_timeout_seconds": 0.6, "llm_max_attempts": 2, "llm_retry_seconds": 0.01, "min_worthiness": 0.0,
            }
        )  # fmt: skip

    def extract(self, answer: Answer | Reply, episode: Episode = EPISODE, **changes: object) -> Extraction:
        self.server.answer = answer
        return self.extractor(**changes).extract(episode, SEGMENTS)

    def extractor(self, **changes: object) -> LlmExtractor:
        settings = self.settings.model_copy(update=changes)
        return LlmExtractor(settings, LlmClient(settings, Books(self.warehouse, DAY)), OnceExtractor(settings))

    def outcomes(self) -> dict[str, int]:
        with self.warehouse.read() as con:
            return dict(outcomes_of_day(con, DAY))


@pytest.fixture(name="setup")
def make_setup(web: Web, settings: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
    return Setup(web, settings, warehouse)


def calls(setup: Setup) -> list[tuple[str, bool]]:
    """(outcome, whether nothing was asked) of each call, in order."""
    with setup.warehouse.read() as con:
        return con.execute("select outcome, cached from raw.llm_calls order by called_at").fetchall()
