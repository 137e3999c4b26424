"""What judgements say of other claims: which are barred, which are raised or lowered, and because of which.

Analysts give verdicts; readers say of an insight that they got whether it was worth their time. A judgement acts on
claims that resemble the judged one, the more the closer they are: on those of the same show from ``UNRELATED`` on,
since a show repeats its ways, on those of others from ``RELATED`` on; at ``EQUIVALENT`` it acts in full. The
``NEAREST`` judgements vote, and one neutral vote is always among them, so that a single analyst's word moves a score
half as far as many that agree. Readers bar nothing, and a few of them weigh less than an analyst.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from digest_pipeline.encoder import Vectors
from digest_pipeline.scoring.claims import EQUIVALENT, RELATED, UNRELATED, ScoringClaim, least_same

NEAREST = 5
NEUTRAL = 0.5
SILENT_READERS = 4  # of neither opinion, as it were: one vote is a fifth of an analyst's, twelve are three quarters


class Kind(StrEnum):
    """What an analyst can say of a claim."""

    GOOD = "good"
    BAD = "bad"
    DUPLICATE = "duplicate"
    WRONG = "wrong"


SAID = {
    Kind.GOOD: "worth sending",
    Kind.BAD: "not worth sending",
    Kind.DUPLICATE: "a repetition of what is known",
    Kind.WRONG: "wrong",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last word on a claim. ``note`` is for analysts."""

    claim_id: str
    kind: Kind
    note: str | None
    given_at: datetime

    @property
    def leaning(self) -> float:
        """1 in favour, -1 against; 0 of what is known, which says nothing of what is like it."""
        return {Kind.GOOD: 1.0, Kind.DUPLICATE: 0.0}.get(self.kind, -1.0)

    def said_of(self, claim: str) -> str:
        """In words, for readers; ``claim`` is "it", or a claim like it."""
        return f"analysts judged {claim} {SAID[self.kind]}"


@dataclass(frozen=True, slots=True)
class ReaderVotes:
    """How many readers found a claim worth their time, and how many did not."""

    claim_id: str
    worth: int
    not_worth: int

    @property
    def total(self) -> int:
        """How many voted."""
        return self.worth + self.not_worth

    @property
    def leaning(self) -> float:
        """Between -1, against, and 1, in favour; the nearer to 0 the fewer they are."""
        return (self.worth - self.not_worth) / (self.total + SILENT_READERS)

    def said_of(self, claim: str) -> str:
        """In words, for readers; ``claim`` is "it", or a claim like it."""
        is_for = self.worth > self.not_worth
        who = "a reader" if self.total == 1 else f"{max(self.worth, self.not_worth)} of {self.total} readers"
        return f"{who} {'found' if is_for else 'did not find'} {claim} worth the time"


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged claims that the encoder has embedded: where each is from, and unit vectors in the same order.

    ``quotable``: the ids of those that readers may see words of. A claim that was refused or is an advertisement may be
    invented or bought, and one that was taken back is to be read nowhere.
    """

    judgements: Sequence[Verdict | ReaderVotes]
    headlines: Sequence[str]
    shows: Sequence[str]
    episodes: Sequence[str]
    vectors: Vectors
    quotable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the judgements mean for one claim.

    ``value`` is 0 where a verdict bars it, for the reason ``bar``; else over 0 and under 1, 0.5 being neutral, and
    ``reason`` names the judgement that counts most for that. ``bar`` and ``evidence``, which is the reason with the
    words of the judged claim, are for analysts; ``reason`` is for readers, who see such words only where they are
    praised.
    """

    value: float = NEUTRAL
    bar: str | None = None
    reason: str = ""
    evidence: str = ""


NO_OPINION = Opinion()


def opinions_of(
    claims: Sequence[ScoringClaim], vectors: Vectors, judged: Judged, max_similarity: float
) -> dict[str, Opinion]:
    """The opinion on each claim that the judgements have one of, by its id.

    Args:
        claims: with ``vectors`` (unit rows, same order).
        judged: of each claim at most the last verdict and what its readers say.
        max_similarity: cosine from which two claims say the same.
    """
    if not claims or not judged.judgements:
        return {}
    found = {}
    limit = least_same(max_similarity)
    for claim, likeness in zip(claims, vectors @ judged.vectors.T, strict=True):
        bar = _bar(claim, likeness, judged, limit)
        opinion = Opinion(0.0, bar) if bar else _vote(claim, likeness, judged)
        if opinion != NO_OPINION:
            found[claim.claim_id] = opinion
    return found


def _bar(claim: ScoringClaim, likeness: Vectors, judged: Judged, limit: float) -> str | None:
    verdicts = {i: one for i, one in enumerate(judged.judgements) if isinstance(one, Verdict)}
    if own := next((v for v in verdicts.values() if v.claim_id == claim.claim_id), None):
        return None if own.kind is Kind.GOOD else f"an analyst judged it {SAID[own.kind]}"
    for i in np.argsort(-likeness, kind="stable").tolist():
        if likeness[i] < limit:
            break
        if i not in verdicts:
            continue
        kind = verdicts[i].kind
        if kind is Kind.DUPLICATE or (kind is not Kind.GOOD and judged.episodes[i] == claim.episode_id):
            return f"it says much the same as “{judged.headlines[i]}”, which an analyst judged {SAID[kind]}"
    return None


def _vote(claim: ScoringClaim, likeness: Vectors, judged: Judged) -> Opinion:
    reach = np.array([UNRELATED if show == claim.show else RELATED for show in judged.shows])
    leanings = np.array([one.leaning for one in judged.judgements])
    strength = np.clip((likeness - reach) / (EQUIVALENT - reach), 0, 1) * np.abs(leanings)
    nearest = np.argsort(-strength, kind="stable")[:NEAREST]
    strength, signs = strength[nearest], np.sign(leanings[nearest])
    if not strength.any():
        return NO_OPINION
    balance = float(signs @ strength) / (1 + float(strength.sum()))
    agreeing = [i for i, sign in zip(nearest.tolist(), signs.tolist(), strict=True) if sign * balance > 0]
    if not agreeing:
        return NO_OPINION
    first = judged.judgements[agreeing[0]]
    is_own = first.claim_id == claim.claim_id
    said = first.said_of("it" if is_own else "a claim like it")
    evidence = said if is_own else f"{said}: “{judged.headlines[agreeing[0]]}”"
    is_quotable = first.leaning > 0 and first.claim_id in judged.quotable
    value = round(NEUTRAL + NEUTRAL * balance, 4)
    return Opinion(value, reason=evidence if is_quotable else said, evidence=evidence)
