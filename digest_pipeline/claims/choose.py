"""The extractor that the settings name."""

from datetime import date

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import ClaimExtractor
from digest_pipeline.claims.llm.extract import LlmExtractor
from digest_pipeline.claims.llm.rewrite import Rewriter
from digest_pipeline.compute import get_pool
from digest_pipeline.llm.batch import BatchSender
from digest_pipeline.llm.books import Books
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse


def get_extractor(settings: Settings, warehouse: Warehouse, day: date, run_id: str = "") -> ClaimExtractor:
    """``extractive`` needs nothing; ``llm`` and ``rewrite`` lean on it and book their calls in the warehouse, on the
    budget of the run ``run_id`` (see ``Books``).
    """
    extractive = ExtractiveExtractor(settings, get_pool(settings))
    if settings.extractor == "extractive":
        return extractive
    books = Books(warehouse, day, run_id)
    client = LlmClient(settings, books)
    batches = BatchSender(settings, client, books) if settings.llm_batch_minutes else None
    if settings.extractor == "rewrite":
        return Rewriter(settings, client, extractive, batches)
    return LlmExtractor(settings, client, extractive, batches)
