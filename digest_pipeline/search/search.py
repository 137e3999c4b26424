"""Ask the index: words and meaning, fused, and told with show, episode, time and link."""

from collections.abc import Iterable, Sequence
from datetime import date

import duckdb
import polars as pl

from digest_pipeline.encoder import get_embedder
from digest_pipeline.errors import SearchError
from digest_pipeline.search.answers import passages_found, told
from digest_pipeline.search.filters import Filters, Kind
from digest_pipeline.search.index import read_index
from digest_pipeline.search.nearest import load, nearest
from digest_pipeline.search.words import Question, holding, matching
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse.choice import looking

DEPTH = 200  # places of each ranking that count
RANK_CONSTANT = 60  # of reciprocal rank fusion


def search(
    question: str,
    *,
    show: str | None = None,
    speaker: str | None = None,
    theme: str | None = None,
    first: date | None = None,
    last: date | None = None,
    published: bool | None = None,
    kind: Kind | str | None = None,
    limit: int = 10,
    settings: Settings | None = None,
) -> pl.DataFrame:
    """Find claims and talk by their words and by their meaning.

    Two rankings, BM25 of the words and cosine of the embeddings, are fused by reciprocal rank (Cormack, Clarke and
    Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009).

    Args:
        question: any words; what stands in "quotation marks" has to stand in every answer.
        show: part of a show's title.
        speaker: part of a speaker's name.
        theme: a theme's id or part of its title; only claims have themes.
        first: first day of the digest.
        last: last day of the digest.
        published: only claims that a digest has published, or only claims that none has.
        kind: only ``claims``, or only ``talk``.
        limit: most answers.
        settings: of the home folder; by default as the environment names it.

    Returns:
        An answer a row, best first: kind, id (of a claim), headline (of a claim), quote, speaker, show, episode,
        digest_date, start_seconds, end_seconds, link (the audio at the second, else the episode's page), theme_id,
        theme, rank (in its digest), similarity (cosine; null where only words matched), score, episode_id.

    Raises:
        SearchError: nothing is asked, a filter fits nothing, a text is none, or there is no index yet.

    Example:
        >>> from digest_pipeline.search import search
        >>> search("storage pays for itself", limit=3).select("show", "quote", "link")  # doctest: +SKIP
    """
    for text in (question, show, speaker, theme):
        _check_text(text or "")
    asked = Question.parse(question)
    if not asked.words and not asked.phrases:
        raise SearchError("nothing is asked", remedy="name at least one word")
    settings = settings or load_settings()
    if not settings.search_index.exists():
        raise SearchError("there is no search index yet", remedy="`digest search WORDS` builds it")
    embedder = get_embedder(settings)
    [vector] = embedder.embed([question.replace('"', " ")])
    filters = Filters(show, speaker, theme, first, last, published, Kind(kind) if kind else None)
    try:
        with read_index(settings.search_index) as con, looking(settings) as warehouse:
            loaded = load(con, settings.search_index, embedder.name)
            allowed = filters.allowed(con, warehouse, loaded) & holding(con, asked, loaded)
            by_words = matching(con, asked, loaded, allowed, DEPTH)
            by_meaning = nearest(con, loaded, vector, allowed, DEPTH)
            found = passages_found(con, fused([by_words, list(by_meaning)]), by_meaning)
            return told(warehouse, found, limit)
    except duckdb.CatalogException as error:
        raise SearchError(
            "the tables that are searched are not there yet", remedy="`digest run` builds those of this release"
        ) from error


def _check_text(text: str) -> None:
    """Refuse what has halves of characters: bytes of a command line that are no UTF-8 arrive as such (PEP 383).

    Raises:
        SearchError: it has.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SearchError(f"{text!a} is not valid UTF-8", remedy="let the terminal send UTF-8") from error


def fused(rankings: Iterable[Sequence[int]]) -> dict[int, float]:
    """Reciprocal rank fusion: an id scores ``1 / (60 + place)`` in each ranking that has it."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, passage_id in enumerate(ranking, start=1):
            scores[passage_id] = scores.get(passage_id, 0.0) + 1 / (RANK_CONSTANT + place)
    return scores
