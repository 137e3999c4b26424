"""How well a stranger can read a claim: whether an editor who sees nothing else of it would let it stand.

Worth and clarity are different things: good points are often made badly, and a digest has room for the clear ones. A
logistic regression on how headline and quote are worded (surface marks, and the encoder's early layers of the headline)
and a network that reads headline and explanation (``clarity_rater``) learnt it from verdicts on claims as they would be
sent; the mean of their log odds counts. ``clarity.npz`` holds the regression; ``bench/worthiness/headlines.py`` makes
it, and ``MODEL_CARD.md`` says how well they do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np

from digest_pipeline.claims.models.clarity_rater import get_clarity_rater
from digest_pipeline.claims.models.features import CUT_END, SENTENCE_MARKS, dangles, marks_of, specificity
from digest_pipeline.claims.models.tuned_networks import fits_encoder
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.claims.wording import plainness, stands_alone
from digest_pipeline.encoder import LayeredEmbedder, Vectors
from digest_pipeline.errors import ModelError
from digest_pipeline.regression import Regression
from digest_pipeline.settings import Settings

MARKS = (
    *(f"headline_{mark}" for mark in SENTENCE_MARKS), *(f"quote_{mark}" for mark in SENTENCE_MARKS), "headline_words",
    "explanation_words", "has_explanation", "dangles", "cut_end", "stands_alone", "plainness", "specificity", "is_cut",
    "explanation_dangles",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader sees of a claim."""

    headline: str
    explanation: str
    quote: str


@lru_cache(maxsize=1)
def load_clarity() -> Regression:
    """The model that ships with the package: of ``MARKS`` and, after them, the early layers of the headline.

    Raises:
        ModelError: the weights do not fit the marks of this release.
    """
    with (
        as_file(files("digest_pipeline.claims.models") / "clarity.npz") as path,
        np.load(path, allow_pickle=False) as stored,
    ):
        if tuple(stored["names"].tolist()) != MARKS:
            raise ModelError("the clarity weights belong to other marks", remedy="run bench/worthiness/headlines.py")
        mean, scale, coefficients = (stored[name].astype(float) for name in ("mean", "scale", "coefficients"))
        return Regression(mean, scale, coefficients, float(stored["intercept"]))


def clarity_of(shown: Sequence[Shown], embedder: LayeredEmbedder, settings: Settings) -> Scores:
    """How well each claim reads, 0..1.

    An encoder of another width or depth than the one that the weights belong to cannot be asked: there the rules of
    ``wording`` alone decide.
    """
    if not shown:
        return np.zeros(0)
    model = load_clarity()
    _, wording = embedder.embed_layers([claim.headline for claim in shown])
    if len(MARKS) + wording.shape[1] != len(model.mean) or not fits_encoder("clarity_rater", settings):
        return np.array([plainness(claim.headline, claim.quote) for claim in shown])
    rated = get_clarity_rater(settings).rate([(claim.headline, claim.explanation) for claim in shown])
    return joined(model.log_odds(clarity_matrix(shown, wording)), rated)


def joined(by_wording: Scores, rated: Scores) -> Scores:
    """Clarity, 0..1, by the log odds of both models."""
    clarity: Scores = 1 / (1 + np.exp(-(by_wording + rated) / 2))
    return clarity


def clarity_matrix(shown: Sequence[Shown], wording: Vectors) -> Vectors:
    """``MARKS`` beside the wording of the headlines: shape (claims, marks + dimensions)."""
    marks = np.array([_marks(claim) for claim in shown], dtype=np.float32)
    return np.hstack([marks, wording])


def _marks(shown: Shown) -> list[float]:
    headline, explanation, quote = (marks_of(text) for text in (shown.headline, shown.explanation, shown.quote))
    return [
        *(headline[1:] / max(1.0, float(headline[0]))),
        *(quote[1:] / max(1.0, float(quote[0]))),
        math.log1p(headline[0]),
        math.log1p(explanation[0]),
        float(bool(shown.explanation)),
        float(dangles(shown.headline)),
        float(bool(CUT_END.search(shown.headline))),
        float(stands_alone(shown.headline)),
        plainness(shown.headline, shown.quote),
        specificity(shown.quote),
        float(shown.headline.endswith("…")),
        float(dangles(shown.explanation)),
    ]
