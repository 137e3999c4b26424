"""What every extractor is: from an episode's segments to claim candidates, refused ones included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from digest_pipeline.models import ClaimCandidate, Episode, Segment
from digest_pipeline.words import told_apart


@dataclass(frozen=True, slots=True)
class Extraction:
    """Candidates of one episode. ``spans`` is how many pieces of talk were looked at; ``note`` what went wrong.

    Not ``is_whole``: a part of the talk was read by other means, for want of a reply that may come another time.
    """

    candidates: tuple[ClaimCandidate, ...]
    spans: int
    note: str | None = None
    is_whole: bool = True


class ClaimExtractor(Protocol):
    """Finds what an episode claims."""

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript: method, model and prompt version."""

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The candidates of an episode, strongest first."""


def too_weak(worthiness: float, least: float) -> str | None:
    """Why a claim of that worthiness is refused where ``least`` is asked for, if it is."""
    if worthiness >= least:
        return None
    has, asked = told_apart(worthiness, least)
    return f"worthiness {has} is under {asked}"
