"""What a ranking of quotes is worth, held against the labels of the windows that the quotes come from.

A quote belongs to the windows that have at least ``CARRIES`` of its word trigrams, and is worth the best of them; it is
grounded when the episode has ``FOUND`` of its trigrams. Figures are over the first ten, or five.
"""

import math
import re
from collections.abc import Sequence

from digest_pipeline.evaluation.labels import LabelledEpisode

CARRIES, FOUND = 0.3, 0.6
GOOD = 2  # score from which an editor would send it
TOP, FEW = 10, 5
FIGURES = {
    "grounded": "share of the ten whose quote is in the episode",
    "p@5": "share of the first five that an editor would send (score 2 or 3)",
    "p@10": "the same of ten",
    "mean@5": "mean score, 0 to 3, of the first five",
    "ndcg@10": "discounted gain of the ten over that of the ten best windows",
    "sc@10": "share of the ten that stand alone",
    "gold@10": "share of the insights that people picked which the ten hit",
    "ads@10": "share of the ten that touch an advertisement",
    "dup@10": "share of the ten on a window that an earlier one used",
}
_WORD = re.compile(r"[^\W_]+")  # of any script
Trigram = tuple[str, str, str]


class Ruler:
    """Measures rankings of one episode."""

    def __init__(self, episode: LabelledEpisode) -> None:
        self._episode = episode
        self._windows = [set(_trigrams(text)) for text in episode.texts]
        self._talk = set(_trigrams(" ".join(episode.texts)))

    def figures(self, quotes: Sequence[str]) -> dict[str, float]:
        """The ``FIGURES`` of quotes, the best first."""
        episode, top = self._episode, quotes[:TOP]
        hits = [self._windows_of(quote) for quote in top]
        scores = [max((episode.scores[i] for i in of_one), default=0) for of_one in hits]
        used = [set[int]().union(*hits[:place]) for place in range(len(hits) + 1)]
        ideal = _gain(sorted(episode.scores, reverse=True)[:TOP])
        count = max(1, len(top))
        values = [
            sum(self._is_grounded(quote) for quote in top) / count,
            sum(score >= GOOD for score in scores[:FEW]) / FEW,
            sum(score >= GOOD for score in scores) / TOP,
            sum(scores[:FEW]) / FEW,
            _gain(scores) / ideal if ideal else 0.0,
            sum(any(episode.stand_alone[i] for i in of_one) for of_one in hits) / count,
            sum(bool(picked & used[-1]) for picked in episode.gold) / max(1, len(episode.gold)),
            sum(any(episode.ads[i] for i in of_one) for of_one in hits) / count,
            sum(bool(of_one & before) for of_one, before in zip(hits, used, strict=False)) / count,
        ]
        return dict(zip(FIGURES, values, strict=True))

    def _windows_of(self, quote: str) -> set[int]:
        wanted = _trigrams(quote)
        return {i for i, has in enumerate(self._windows) if wanted and _share(wanted, has) >= CARRIES}

    def _is_grounded(self, quote: str) -> bool:
        wanted = _trigrams(quote)
        return bool(wanted) and _share(wanted, self._talk) >= FOUND


def mean_figures(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in FIGURES}


def _trigrams(text: str) -> list[Trigram]:
    words = _WORD.findall(text.lower().replace("'", ""))
    return list(zip(words, words[1:], words[2:], strict=False))


def _share(wanted: Sequence[Trigram], has: set[Trigram]) -> float:
    return sum(trigram in has for trigram in wanted) / len(wanted)


def _gain(scores: Sequence[int]) -> float:
    return sum(((1 << score) - 1) / math.log2(place + 1) for place, score in enumerate(scores, start=1))
