"""Claim candidates without any LLM: score every span of an episode, keep the best that do not overlap."""

import logging
import math
from collections.abc import Sequence

import numpy as np

from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.features import dangles, is_question
from digest_pipeline.claims.injection import gives_orders
from digest_pipeline.claims.spans import Span, spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.claims.wording import headline_and_explanation
from digest_pipeline.claims.worthiness import Scores, design_matrix, embed_spans, load_model
from digest_pipeline.encoder import Embedder, Vectors, get_embedder
from digest_pipeline.models import ClaimCandidate, Episode, Segment, stable_id
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)

NEAR_DUPLICATE = 0.75  # cosine of two spans of one episode that say the same
MIN_CANDIDATES = 6
IDEAL_WORDS = (28, 70)  # a span in between says enough and is read in one breath
DANGLING_DISCOUNT = 0.75


class ExtractiveExtractor:
    """Finds claims with the claim-worthiness model alone. Needs no key and no network."""

    name = "extractive"

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._embedder = embedder or get_embedder(settings)

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript."""
        return stable_id("x", self.name, self._embedder.name, str(load_model().coefficients.sum()))

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The best candidates of an episode, strongest first, refused ones included with their reason."""
        turns = turns_of(segments, episode.language)
        spans = list(spans_of(turns))
        if not spans:
            return Extraction((), 0)
        vectors = embed_spans(spans, self._embedder)
        worth = shape_scores(spans, load_model().score(design_matrix(spans, vectors)))
        hours = segments[-1].end_seconds / 3600
        most = max(MIN_CANDIDATES, math.ceil(hours * self._settings.max_candidates_per_hour))
        chosen = select_spans(spans, vectors, worth, most)
        strength = self._sentence_strengths([spans[i] for i in chosen])
        candidates = tuple(
            self._candidate(episode, spans[i], float(worth[i]), strengths)
            for i, strengths in zip(chosen, strength, strict=True)
        )
        return Extraction(candidates, len(spans))

    def _sentence_strengths(self, spans: Sequence[Span]) -> list[list[float]]:
        """Worth of each sentence of each span taken alone: which one is the headline."""
        singles = [Span(s.turn, i, i, s.position, s.after_question) for s in spans for i in range(s.first, s.last + 1)]
        scores = iter(load_model().score(design_matrix(singles, embed_spans(singles, self._embedder))).tolist())
        return [[next(scores) for _ in span.sentences] for span in spans]

    def _candidate(self, episode: Episode, span: Span, worthiness: float, strengths: Sequence[float]) -> ClaimCandidate:
        first, last, start, end = span.turn.locate(span.sentences[0].start, span.sentences[-1].end)
        headline, explanation = headline_and_explanation([s.text for s in span.sentences], strengths)
        return ClaimCandidate(
            claim_id=stable_id("cl", episode.episode_id, str(first), span.quote),
            episode_id=episode.episode_id,
            headline=headline,
            explanation=explanation,
            quote=span.quote,
            speaker=span.turn.speaker,
            start_seconds=start,
            end_seconds=end,
            first_position=first,
            last_position=last,
            worthiness=round(worthiness, 4),
            is_ad=span.turn.is_ad,
            extractor=self.name,
            model=self._embedder.name,
            prompt_version=None,
            rejected_reason=self._refuse(span, worthiness),
        )

    def _refuse(self, span: Span, worthiness: float) -> str | None:
        if span.turn.is_ad:
            return f"advertisement: {span.turn.segments[0].ad_reason}"
        if span.turn.doubt:
            return f"perhaps misheard: {span.turn.doubt}"
        if is_question(span.quote):
            return "a question, not a claim"
        if gives_orders(span.quote):
            return "orders to a model: it speaks to a language model"
        if worthiness < self._settings.min_worthiness:
            return f"worthiness {worthiness:.2f} is under {self._settings.min_worthiness:.2f}"
        return None


def shape_scores(spans: Sequence[Span], probabilities: Scores) -> Scores:
    """Worth of each span, 0..1: the model's probability, less where the span is too short, too long or dangles."""
    low, high = IDEAL_WORDS
    words = np.array([len(span.quote.split()) for span in spans])
    fit = np.minimum(1.0, 0.55 + 0.45 * words / low) * np.minimum(1.0, high / words)
    dangling = np.where([dangles(span.quote) for span in spans], DANGLING_DISCOUNT, 1.0)
    shaped: Scores = probabilities * fit * dangling
    return shaped


def select_spans(spans: Sequence[Span], vectors: Vectors, worth: Scores, most: int) -> list[int]:
    """Rows of at most ``most`` spans, strongest first, no two overlapping or saying the same."""
    chosen: list[int] = []
    for row in np.argsort(-worth, kind="stable").tolist():
        if len(chosen) == most:
            break
        if any(spans[row].overlaps(spans[other]) for other in chosen):
            continue
        if chosen and float(np.max(vectors[chosen] @ vectors[row])) > NEAR_DUPLICATE:
            continue
        chosen.append(row)
    return chosen
