"""Claim candidates without any LLM: rate every span by itself and where it stands, read the best again, keep a few."""

import math
from collections.abc import Sequence

import numpy as np

from digest_pipeline.claims.checks.faithfulness import is_checkable
from digest_pipeline.claims.extractor import Extraction, too_weak
from digest_pipeline.claims.injection import gives_orders
from digest_pipeline.claims.models.features import is_question
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.models.reranker import get_reranker, passages_of
from digest_pipeline.claims.models.talk_rater import get_talk_rater, rate_spans
from digest_pipeline.claims.models.tuned_weights import stored_weights
from digest_pipeline.claims.models.worthiness import (
    USUAL_LENGTH,
    Scores,
    SentenceVectors,
    design_matrix,
    embed_sentences,
    embed_spans,
    is_uncased,
    load_model,
    promotion_in_context,
    shortlist,
    stacked_columns,
    worth_in_context,
    worth_in_talk,
    worth_reranked,
    worth_stacked,
)
from digest_pipeline.claims.spans import Span, spans_of
from digest_pipeline.claims.turns import Turn, turns_of
from digest_pipeline.claims.wording import as_said, headline_and_explanation, stands_alone
from digest_pipeline.compute import ComputePool
from digest_pipeline.encoder import Vectors, get_embedder
from digest_pipeline.models import ClaimCandidate, Episode, Segment, Soundbite, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.words import UNSPACED, normalise_words

NEAR_DUPLICATE = 0.75  # cosine of two spans of one episode that say the same
APART = 25  # words between two candidates: closer ones are one thought
MIN_CANDIDATES = 8
PROMOTION = 0.12  # rating in context from which a span reads like an advertisement
ADVERTISES = -3.5  # log odds of the talk rater from which it does: those of any window, of which one in 34 does
RULES = "18"  # of spans, selection and wording: another number reads every episode again
LEAST_STRENGTH = 0.5  # single sentences begin at about minus this
LEEWAY = 0.15  # of probability that a span may lose for a headline
UNREADABLE = 'its script puts no spaces between words, which only a language model reads (extractor = "llm")'
HIGHLIGHT = 0.5  # how far a publisher's own highlight closes the gap to certainty
TELLING_TITLE = 4  # words of a highlight's title that are said by chance no more


class ExtractiveExtractor:
    """Finds claims with the claim-worthiness model alone. Needs no key and no network."""

    name = "extractive"

    def __init__(self, settings: Settings, pool: ComputePool | None = None) -> None:
        self._settings, self._pool = settings, pool
        self._embedder = get_embedder(settings, pool)

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript."""
        heads = (stored_weights(name)["head"].sum() for name in ("talk_rater", "reranker", "punctuation"))
        model = load_model()
        weights = model.coefficients.sum(), model.stack.sum(), *heads
        limits = self._settings.min_worthiness, self._settings.max_candidates_per_hour
        return stable_id("x", self.name, RULES, self._embedder.name, *map(str, (*weights, *limits)))

    def turns(self, episode: Episode, segments: Sequence[Segment]) -> list[Turn]:
        """The talk in turns, their sentences found where the transcript has no punctuation too."""
        return turns_of(segments, episode.language, get_punctuator(self._settings, episode.language, self._pool))

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The best candidates of an episode, strongest first, refused ones included with their reason."""
        said = " ".join(segment.text for segment in segments)
        if len(UNSPACED.findall(said)) > len(said) / 2:
            return Extraction((), 0, f"{episode.show} · {episode.title}: {UNREADABLE}")
        turns = self.turns(episode, segments)
        spans = list(spans_of(turns))
        if not spans:
            return Extraction((), 0)
        model, sentence_vectors = load_model(), embed_sentences(spans, self._embedder)
        vectors = embed_spans(spans, sentence_vectors.meaning)
        matrix = design_matrix(spans, sentence_vectors)
        rated = model.rate(matrix).T
        talk = rate_spans(turns, spans, get_talk_rater(self._settings, self._pool))
        likeness = promotion_in_context(spans, rated[:, 1])
        refusals = [refusal_of(*each) for each in zip(spans, likeness.tolist(), talk[:, 1].tolist(), strict=True)]
        refused = np.array([refusal is not None for refusal in refusals])
        rating = worth_in_context(spans, rated[:, 0], model.length_weight)
        rating = worth_in_talk(spans, rating, talk[:, 0], model.length_weight)
        columns = stacked_columns(spans, matrix[:, : len(model.names)], rated, talk)
        rating = worth_stacked(rating, columns, model.stack)
        rows = shortlist(spans, rating, refused)
        reranked = get_reranker(self._settings, self._pool).rate(passages_of(turns, [spans[row] for row in rows]))
        rating = worth_reranked(spans, rating, rows, reranked, model.length_weight)
        worth = model.probability(rating, is_uncased=is_uncased(spans))
        worth = raise_highlights(spans, worth, episode.soundbites, has_own_times=episode.has_own_times)
        hours = segments[-1].end_seconds / 3600
        most = max(MIN_CANDIDATES, math.ceil(hours * self._settings.max_candidates_per_hour))
        order = worth - refused  # the refused do not crowd others out
        chosen = prefer_headlines(spans, order, select_spans(spans, vectors, order, most))
        chosen = prefer_whole(spans, order, chosen)
        return Extraction(
            tuple(
                self._candidate(episode, spans[i], float(worth[i]), refusals[i], sentence_vectors)
                for i in sorted(chosen, key=lambda i: -worth[i])
            ),
            len(spans),
        )

    def _candidate(
        self,
        episode: Episode,
        span: Span,
        worthiness: float,
        refusal: str | None,
        sentence_vectors: SentenceVectors,
    ) -> ClaimCandidate:
        first, last, start, end = span.turn.locate(span.sentences[0].start, span.sentences[-1].end)
        sentences = [s.text for s in span.sentences]
        if is_checkable(episode.language):
            headline, explanation = headline_and_explanation(sentences, sentence_strengths(span, sentence_vectors))
        else:
            headline, explanation = as_said(sentences)
        return ClaimCandidate(
            claim_id=stable_id("cl", episode.episode_id, str(first), span.quote),
            episode_id=episode.episode_id,
            headline=headline,
            explanation=explanation,
            quote=span.quote,
            speaker=span.turn.name,
            start_seconds=start,
            end_seconds=end,
            first_position=first,
            last_position=last,
            worthiness=round(worthiness, 4),
            is_ad=span.turn.is_ad,
            extractor=self.name,
            model=self._embedder.name,
            prompt_version=None,
            rejected_reason=refusal or too_weak(worthiness, self._settings.min_worthiness),
        )


def refusal_of(span: Span, promotion: float, advertises: float) -> str | None:
    """Why a span is no claim, however well it reads; ``promotion`` is its ``promotion_in_context``, ``advertises`` what
    the talk rater says to that.
    """
    if span.turn.is_ad:
        return f"advertisement: {span.turn.segments[0].ad_reason}"
    if span.turn.doubt:
        return f"perhaps misheard: {span.turn.doubt}"
    if gives_orders(span.quote):
        return "orders to a model: it speaks to a language model"
    if promotion > PROMOTION or advertises > ADVERTISES:
        return "it reads like an advertisement"
    if is_question(span.text):
        return "a question, not a claim"
    return None


def sentence_strengths(span: Span, sentence_vectors: SentenceVectors) -> list[float]:
    """The worth of each sentence of a span taken alone, its length counted: which one is the headline."""
    singles = [
        Span(span.turn, i, i, span.start_sentence, span.start_word, span.words, span.position, span.after_question)
        for i in range(span.first, span.last + 1)
    ]
    model = load_model()
    rated = model.rate(design_matrix(singles, sentence_vectors))[0]
    words = np.array([s.text.count(" ") + 1 for s in span.sentences])
    strengths: list[float] = np.maximum(
        0.0, rated + model.length_weight * np.log(words / USUAL_LENGTH) + LEAST_STRENGTH
    ).tolist()
    return strengths


def raise_highlights(
    spans: Sequence[Span], worth: Scores, soundbites: Sequence[Soundbite], *, has_own_times: bool
) -> Scores:
    """Worth, raised for spans that lie at least half in a stretch that the publisher picked out as a highlight.

    Such a stretch is one of the audio. Times that were estimated from the words may be minutes beside it: there a
    highlight is found by its title alone, where that repeats what is said.
    """
    if not soundbites:
        return worth
    raised = worth.copy()
    is_highlight = _lies_in_stretch if has_own_times else _repeats_title
    for row, span in enumerate(spans):
        if any(is_highlight(span, bite) for bite in soundbites):
            raised[row] += HIGHLIGHT * (1 - raised[row])
    return raised


def _lies_in_stretch(span: Span, bite: Soundbite) -> bool:
    _, _, start, end = span.turn.locate(span.sentences[0].start, span.sentences[-1].end)
    shared = min(end, bite.start_seconds + bite.duration_seconds) - max(start, bite.start_seconds)
    return shared >= (end - start) / 2


def _repeats_title(span: Span, bite: Soundbite) -> bool:
    title, said = normalise_words(bite.title), normalise_words(span.quote)
    return len(title) >= TELLING_TITLE and f" {' '.join(title)} " in f" {' '.join(said)} "


def select_spans(spans: Sequence[Span], vectors: Vectors, worth: Scores, most: int) -> list[int]:
    """Rows of at most ``most`` spans, strongest first, no two close together or saying the same."""
    chosen: list[int] = []
    for row in np.argsort(-worth, kind="stable").tolist():
        if len(chosen) == most:
            break
        if any(spans[row].is_near(spans[other], APART) for other in chosen):
            continue
        if chosen and float(np.max(vectors[chosen] @ vectors[row])) > NEAR_DUPLICATE:
            continue
        chosen.append(row)
    return chosen


def prefer_headlines(spans: Sequence[Span], worth: Scores, chosen: Sequence[int]) -> list[int]:
    """The chosen rows; where no sentence of a span makes a headline, the best that overlaps it, has one and is nearly
    as good. The refused, of a worth below 0, stay.
    """
    kept = list(chosen)
    for place, row in enumerate(chosen):
        if worth[row] < 0 or _has_headline(spans[row]):
            continue
        others = kept[:place] + kept[place + 1 :]
        instead = [
            i
            for i in np.flatnonzero(worth >= worth[row] - LEEWAY).tolist()
            if spans[i].is_near(spans[row], 0)
            and _has_headline(spans[i])
            and not any(spans[i].is_near(spans[other], APART) for other in others)
        ]
        kept[place] = max(instead, key=lambda i: worth[i], default=row)
    return kept


def prefer_whole(spans: Sequence[Span], worth: Scores, chosen: Sequence[int]) -> list[int]:
    """The chosen rows; one that breaks off in pieces of a sentence gives way to the whole sentences before it, if they
    have a headline and are nearly as good. The refused, of a worth below 0, stay.
    """
    places = {(span.start_sentence, span.end_sentence): row for row, span in enumerate(spans)}
    kept = list(chosen)
    for place, row in enumerate(chosen):
        span = spans[row]
        whole = places.get((span.start_sentence, span.end_sentence - span.broken_off))
        if whole is None or whole == row or worth[row] < 0 or not _has_headline(spans[whole]):
            continue
        if worth[whole] >= worth[row] - LEEWAY:
            kept[place] = whole
    return kept


def _has_headline(span: Span) -> bool:
    return any(stands_alone(sentence.text) for sentence in span.sentences)
