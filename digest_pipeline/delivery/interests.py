"""How close a day's insights are to what a person says to care about, in plain words."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from digest_pipeline.encoder import Embedder, Vectors

# Cosines of all-MiniLM-L6-v2 between a subject in a few words and a claim: two in three pairs lie under the first, one
# in a hundred above the second (`python -m bench.personal` prints the quantiles).
FOREIGN, ABOUT = 0.15, 0.45
MOST_SUBJECTS = 20


@dataclass(frozen=True, slots=True)
class Closeness:
    """Of each insight to the nearest of a person's subjects: 0..1, and which subject that is."""

    values: Sequence[float]
    subjects: Sequence[str]


def subjects_of(interests: str) -> list[str]:
    """The single subjects of a text such as ``Grid storage, how models are trained; sleep``.

    Example:
        >>> subjects_of("Grid storage, how models are trained; sleep.")
        ['Grid storage', 'how models are trained', 'sleep']
    """
    parts = (" ".join(part.split()) for part in re.split(r"[\n;,]|\.(?:\s|$)", interests))
    return list(dict.fromkeys(part for part in parts if part))[:MOST_SUBJECTS]


@dataclass(slots=True)
class InterestReader:
    """Compares interests with the vectors of a day's insights; embeds each subject once.

    ``load`` gives the encoder and is called when the first interest is read, not before.
    """

    vectors: Vectors
    load: Callable[[], Embedder]
    _known: dict[str, Vectors] = field(default_factory=dict)

    def learn(self, texts: Iterable[str]) -> None:
        """Embed the subjects of many persons in one go: quicker than one by one."""
        new = sorted({subject for text in texts for subject in subjects_of(text)} - self._known.keys())
        if new and self.vectors.any():
            self._known |= dict(zip(new, self.load().embed(new), strict=True))

    def closeness(self, interests: str) -> Closeness:
        """How close each insight is to the nearest subject of ``interests``."""
        self.learn([interests])
        subjects = [subject for subject in subjects_of(interests) if subject in self._known]
        if not subjects:
            return Closeness([0.0] * len(self.vectors), [""] * len(self.vectors))
        cosines = self.vectors @ np.stack([self._known[subject] for subject in subjects]).T
        values = np.clip((cosines.max(axis=1) - FOREIGN) / (ABOUT - FOREIGN), 0, 1)
        return Closeness(values.tolist(), [subjects[i] for i in cosines.argmax(axis=1).tolist()])
