"""How much a span is worth repeating: a linear model on how it is worded.

It reads surface features and the early layers of the sentence encoder, which keep the wording; the last layer, which
keeps the subject, does worse on shows that the model has not seen. ``weights.npz`` holds the model; ``MODEL_CARD.md``
beside it says what it was trained on and how well it does, and ``bench/worthiness/train.py`` makes both. Ridge
regression rates each span; what surrounds it and its length are then taken into account (an insight is seldom alone,
and a complete thought takes words). What ``talk_rater`` makes of its words where they stand is added; then what a
logistic regression, which tells the good ones among the best from both ratings and the surface features, makes of it
(stacking, Wolpert 1992); and for the best what ``reranker`` makes of them. A logistic curve turns that into the
probability that a demanding editor would send it.
A second column of weights rates promotion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.models.features import feature_names, features_of
from digest_pipeline.claims.spans import Span
from digest_pipeline.encoder import EARLY_LAYERS, LayeredEmbedder, Vectors
from digest_pipeline.errors import ModelError

NEIGHBOURS = 4  # sentences before and after a span that tell of it
PROMOTION_NEIGHBOURS = 2
CONTEXT_SHARE = 0.5
TALK_SHARE = 1.0  # of what ``talk_rater`` makes of a span
STACKED_SHARE = 0.1  # of the log odds that the stacked model gives it
RERANKED_WORDS, LEAST_RERANKED = 90, 60  # an episode's words that each span read again stands for; how many at least
RERANKED_SHARE = 0.4
FULL_LENGTH = 85  # words from which a longer span is no better
USUAL_LENGTH = 40

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WorthinessModel:
    """Weights for ``design_matrix`` columns. ``encoder`` is the embedding model that they belong to.

    ``coefficients`` has two rows, worth and promotion, with their ``intercepts``. ``length_weight`` is what a span's
    length counts in units of the first; ``stack`` weighs ``stacked_columns``; ``slopes`` and ``offsets`` are of two
    logistic curves: of text with case, and of raw recognition without, which is rated higher.
    """

    encoder: str
    names: tuple[str, ...]
    mean: Scores
    scale: Scores
    coefficients: Scores
    intercepts: Scores
    length_weight: float
    stack: Scores
    slopes: tuple[float, float]
    offsets: tuple[float, float]

    def rate(self, matrix: Vectors) -> Scores:
        """Worth and promotion of each row by itself, in the units of the training targets: shape (2, rows).

        Raises:
            ModelError: the encoder has other dimensions than the one the weights belong to.
        """
        if matrix.shape[1] != len(self.mean):
            raise ModelError(
                f"the claim-worthiness weights belong to the encoder {self.encoder}, not to the one in the settings",
                remedy=f"set encoder_model to auto or a copy of {self.encoder}, or run bench/worthiness/train.py",
            )
        rated: Scores = self.coefficients @ ((matrix - self.mean) / self.scale).T + self.intercepts[:, None]
        return rated

    def probability(self, worth: Scores, *, is_uncased: bool) -> Scores:
        """Probability, 0..1, that an editor would send a span of such ``worth_reranked``."""
        probabilities: Scores = 1 / (1 + np.exp(-(self.slopes[is_uncased] * worth + self.offsets[is_uncased])))
        return probabilities


@lru_cache(maxsize=1)
def load_model() -> WorthinessModel:
    """The model that ships with the package.

    Raises:
        ModelError: the weights do not fit the features of this release.
    """
    with (
        as_file(files("digest_pipeline.claims.models") / "weights.npz") as path,
        np.load(path, allow_pickle=False) as stored,
    ):
        names = tuple(stored["names"].tolist())
        if names != feature_names():
            raise ModelError(
                "the claim-worthiness weights belong to other features", remedy="run bench/worthiness/train.py again"
            )
        return WorthinessModel(
            str(stored["encoder"]), names, stored["mean"].astype(float), stored["scale"].astype(float),
            stored["coefficients"].astype(float), stored["intercepts"].astype(float), float(stored["length_weight"]),
            stored["stack"].astype(float), tuple(stored["slopes"].tolist()), tuple(stored["offsets"].tolist()),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SentenceVectors:
    """Of every sentence by its text: what it is about (a unit vector), and how it is worded (its early layers)."""

    meaning: Mapping[str, Vectors]
    wording: Mapping[str, Vectors]


def embed_sentences(spans: Sequence[Span], embedder: LayeredEmbedder) -> SentenceVectors:
    """The vectors of every sentence that some span holds; each is encoded once, however many spans hold it."""
    sentences = list(dict.fromkeys(s.text for span in spans for s in span.sentences))
    meaning, wording = embedder.embed_layers(sentences)
    return SentenceVectors(dict(zip(sentences, meaning, strict=True)), dict(zip(sentences, wording, strict=True)))


def embed_spans(spans: Sequence[Span], sentence_vectors: Mapping[str, Vectors], layers: int = 1) -> Vectors:
    """One vector a span: the mean of its sentences' vectors, weighted by their words, each layer of unit length."""
    pooled = np.stack(
        [sum((s.text.count(" ") + 2) * sentence_vectors[s.text] for s in span.sentences) for span in spans]
    ).reshape(len(spans), layers, -1)
    unit = pooled / np.maximum(np.linalg.norm(pooled, axis=2, keepdims=True), 1e-9)
    vectors: Vectors = unit.reshape(len(spans), -1).astype(np.float32)
    return vectors


def design_matrix(spans: Sequence[Span], vectors: SentenceVectors) -> Vectors:
    """Surface features beside the wording: shape (spans, features + dimensions)."""
    surface = np.stack([features_of(span) for span in spans])
    return np.hstack([surface, embed_spans(spans, vectors.wording, EARLY_LAYERS)])


def is_uncased(spans: Sequence[Span]) -> bool:
    """Whether an episode is raw recognition without capital letters, or with nothing but them."""
    return sum(span.quote.islower() or span.quote.isupper() for span in spans) > len(spans) / 2


def worth_in_context(spans: Sequence[Span], rated: Scores, length_weight: float) -> Scores:
    """What each span is worth, given what stands around it and how much it says.

    Args:
        spans: every candidate span of one episode.
        rated: the worth of each by itself, as ``WorthinessModel.rate`` gives it.
        length_weight: what the logarithm of a span's length counts.
    """
    around = surroundings(spans, rated, NEIGHBOURS)
    worth: Scores = rated + CONTEXT_SHARE * around + length_weight * _length(spans)
    return worth


def worth_in_talk(spans: Sequence[Span], worth: Scores, talk: Scores, length_weight: float) -> Scores:
    """``worth_in_context`` joined with what each span is worth by a ``TalkRater``, ``talk``."""
    centred = talk - talk.mean()  # it was taught who is better than whom, not how good an episode is
    joined: Scores = worth + TALK_SHARE * (centred + length_weight * _length(spans))
    return joined


def stacked_columns(spans: Sequence[Span], surface: Vectors, rated: Scores, talk: Scores) -> Scores:
    """What the stacked model sees of each span of an episode, centred in it, shape (spans, features + 6).

    Args:
        spans: every candidate span.
        surface: the surface features of each, the first columns of ``design_matrix``.
        rated: the worth and promotion of each by itself, shape (spans, 2).
        talk: what a ``TalkRater`` makes of each, shape (spans, 2).
    """
    around = surroundings(spans, rated[:, 0], NEIGHBOURS)
    columns = np.column_stack([rated, around, talk, _length(spans), surface])
    centred: Scores = columns - columns.mean(axis=0)
    return centred


def worth_stacked(worth: Scores, columns: Scores, stack: Scores) -> Scores:
    """``worth_in_talk`` joined with the log odds of the stacked model, whose weights of ``columns`` are ``stack``."""
    joined: Scores = worth + STACKED_SHARE * columns @ stack
    return joined


def shortlist(spans: Sequence[Span], worth: Scores, refused: npt.NDArray[np.bool_]) -> list[int]:
    """Rows of the spans that are worth reading again: the best that are not refused, in proportion to the talk."""
    most = max(LEAST_RERANKED, (spans[-1].start_word + spans[-1].words) // RERANKED_WORDS)
    return [row for row in np.argsort(-worth, kind="stable").tolist() if not refused[row]][:most]


def worth_reranked(
    spans: Sequence[Span], worth: Scores, rows: Sequence[int], reranked: Scores, length_weight: float
) -> Scores:
    """``worth_stacked`` joined with what the shortlist was worth when read again.

    Args:
        spans: every candidate span of one episode.
        worth: of each, by ``worth_stacked``.
        rows: the shortlist; the others count as its last.
        reranked: what each of the shortlist is worth by a ``Reranker``.
        length_weight: what the logarithm of a span's length counts.
    """
    if not len(rows):
        return worth
    centred = reranked - reranked.mean()
    again = np.full(len(spans), centred.min())
    again[list(rows)] = centred
    joined: Scores = worth + RERANKED_SHARE * (again + length_weight * _length(spans))
    return joined


def _length(spans: Sequence[Span]) -> Scores:
    words = np.array([min(span.words, FULL_LENGTH) for span in spans])
    length: Scores = np.log(words / USUAL_LENGTH)
    return length


def promotion_in_context(spans: Sequence[Span], rated: Scores) -> Scores:
    """How much each span reads like an advertisement: they come in blocks, so what stands around counts as much."""
    promotion: Scores = (rated + surroundings(spans, rated, PROMOTION_NEIGHBOURS)) / 2
    return promotion


def surroundings(spans: Sequence[Span], rated: Scores, neighbours: int) -> Scores:
    """The mean rating of the sentences of each span and of ``neighbours`` before and after it."""
    first = np.array([span.start_sentence for span in spans])
    end = np.array([span.end_sentence for span in spans])
    sums, counts = np.zeros(end.max()), np.zeros(end.max())
    for a, b, value in zip(first.tolist(), end.tolist(), rated.tolist(), strict=True):
        sums[a:b] += value
        counts[a:b] += 1
    of_sentence = np.where(counts > 0, sums / np.maximum(counts, 1), np.median(rated))
    running = np.concatenate([[0.0], np.cumsum(of_sentence)])
    low, high = np.maximum(0, first - neighbours), np.minimum(len(of_sentence), end + neighbours)
    around: Scores = (running[high] - running[low]) / (high - low)
    return around
