"""Episodes read for claims, on the pool that the settings name."""

import time
from collections.abc import Iterable, Iterator, Sequence

from structlog.contextvars import bound_contextvars

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import ClaimExtractor, Extraction
from digest_pipeline.claims.llm.extract import LlmExtractor
from digest_pipeline.compute import get_pool
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import Settings

Talk = tuple[Episode, Sequence[Segment]]


def read_talks(
    extractor: ClaimExtractor, talks: Iterable[Talk], settings: Settings
) -> Iterator[tuple[Extraction, float]]:
    """What each talk claims and the seconds that it took, in order; the caller stores it before it asks for the next.

    A language model is asked by this process, which has its budget and books; workers only pass the calls on. Without
    one, or where it rewords later, a talk is read where the encoder is.
    """
    pool = get_pool(settings)
    if isinstance(extractor, LlmExtractor) or not pool.workers:
        return (_read(extractor, talk) for talk in talks)
    return pool.map(_read_there, settings, talks)


def _read_there(settings: Settings, talk: Talk) -> tuple[Extraction, float]:
    return _read(ExtractiveExtractor(settings), talk)


def _read(extractor: ClaimExtractor, talk: Talk) -> tuple[Extraction, float]:
    began = time.monotonic()
    with bound_contextvars(episode_id=talk[0].episode_id):
        extraction = extractor.extract(*talk)
    return extraction, time.monotonic() - began
