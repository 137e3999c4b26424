"""The extractor that the settings name."""

from datetime import date

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import ClaimExtractor
from digest_pipeline.claims.llm import LlmExtractor
from digest_pipeline.claims.store import WarehouseLedger
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse


def get_extractor(settings: Settings, warehouse: Warehouse, day: date) -> ClaimExtractor:
    """``extractive`` needs nothing; ``llm`` books its calls in the warehouse and falls back on ``extractive``."""
    extractive = ExtractiveExtractor(settings)
    if settings.extractor == "extractive":
        return extractive
    return LlmExtractor(settings, WarehouseLedger(warehouse, day), extractive)
