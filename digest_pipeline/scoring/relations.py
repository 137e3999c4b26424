"""What a claim is to what was said before: the same, an update with a newer figure, a contradiction, or new.

A contradiction is a flag for people, who are shown both quotes: rules of wording find it, and they err. A claim without
a relation is new.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from digest_pipeline.claims.checks.comparison import AXES
from digest_pipeline.claims.checks.lexis import Clause, best_matches, clauses_of
from digest_pipeline.claims.checks.numerals import ORDINAL, quantities_in
from digest_pipeline.claims.checks.polarity import is_negated
from digest_pipeline.dates import short_date
from digest_pipeline.encoder import Vectors
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.transcripts.speakers import is_named
from digest_pipeline.words import normalise_words

SAME, UPDATES, CONTRADICTS = "same", "updates", "contradicts"
# Cosine of all-MiniLM-L6-v2 from which two claims say the same: the best F1 on the training part of ArgKP 2021.
SAME_CLAIM = 0.65
SHARED_CONTENT = 0.6  # share of a clause's content words that another has, for the two to speak of one matter
SAME_WORDS = 85.0  # rapidfuzz ratio, 0..100, from which two quotes are one recording, transcribed twice
LEAST_CLIP = 40  # characters of a quote from which on it may be known as a piece of another
MOST = 20  # relations of a claim that are stored
_TELLING = (UPDATES, CONTRADICTS, SAME)
_AXES = [(re.compile(rf"\b(?:{one})\b", re.I), re.compile(rf"\b(?:{other})\b", re.I)) for _, one, other in AXES]


@dataclass(frozen=True, slots=True)
class Relation:
    """How a claim relates to ``other``. ``similarity`` is their cosine; ``reason`` is for a reader.

    ``is_independent``: another show says it, and neither the same speaker nor the same recording.
    """

    claim_id: str
    other: ScoringClaim
    relation: str
    similarity: float
    is_independent: bool
    reason: str


def relations_of(
    today: Sequence[ScoringClaim], today_vectors: Vectors, others: Sequence[ScoringClaim], other_vectors: Vectors
) -> dict[str, list[Relation]]:
    """All relations of each of today's claims to ``others``, which may be among them, the nearest first: a show that
    repeats itself hides no other.
    """
    if not today or not others:
        return {}
    found = {}
    for claim, likeness in zip(today, today_vectors @ other_vectors.T, strict=True):
        near = np.flatnonzero(likeness >= SAME_CLAIM)
        near = near[np.argsort(-likeness[near], kind="stable")]
        pairs = [(others[i], float(likeness[i])) for i in near.tolist() if others[i].claim_id != claim.claim_id]
        if pairs:
            found[claim.claim_id] = [_relation(claim, other, cosine) for other, cosine in pairs]
    return found


def updates_of(
    today: Sequence[ScoringClaim], today_vectors: Vectors, sent: Sequence[ScoringClaim], sent_vectors: Vectors
) -> dict[str, list[Relation]]:
    """Which of today's claims update what was sent before the window: that alone outlives the window."""
    return {
        claim_id: updates
        for claim_id, found in relations_of(today, today_vectors, sent, sent_vectors).items()
        if (updates := [relation for relation in found if relation.relation == UPDATES])
    }


def most_telling(relations: Iterable[Relation]) -> list[Relation]:
    """Those of a claim's relations that are stored: what is new in it first, then other voices, then repetitions.

    Every update is: what is published is held against them (``publishing.rules``).
    """
    ordered = sorted(relations, key=lambda r: (_TELLING.index(r.relation), not r.is_independent, -r.similarity))
    return [r for place, r in enumerate(ordered) if place < MOST or r.relation == UPDATES]


def independent_voices(claim: ScoringClaim, others: Iterable[ScoringClaim]) -> list[ScoringClaim]:
    """Those of ``others`` that are independent of ``claim`` and of each other: a guest on tour counts once."""
    voices: list[ScoringClaim] = []
    for other in others:
        if all(are_independent(other, voice) for voice in [claim, *voices]):
            voices.append(other)
    return voices


def are_independent(one: ScoringClaim, other: ScoringClaim) -> bool:
    """Whether two claims come from different shows, from different people and from different recordings."""
    if one.show == other.show or any(_same_person(a, b) for a in _voices(one) for b in _voices(other)):
        return False
    mine, theirs = (" ".join(normalise_words(claim.quote)) for claim in (one, other))
    is_clip = min(len(mine), len(theirs)) >= LEAST_CLIP  # of one recording, perhaps, which each cuts where it likes
    return (fuzz.partial_ratio if is_clip else fuzz.ratio)(mine, theirs) < SAME_WORDS


def _voices(claim: ScoringClaim) -> tuple[str, ...]:
    """Who said it, or, where the transcript does not tell, the guests of the episode, who may have."""
    return (claim.speaker,) if claim.speaker and is_named(claim.speaker) else claim.guests


def _same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: the words of one are among those of the other ("Adam", "Adam Smith"), with
    accents or without.
    """
    mine, theirs = (set(normalise_words(_without_accents(name))) for name in (one, other))
    return mine <= theirs or theirs <= mine


def _without_accents(name: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))


def _relation(claim: ScoringClaim, other: ScoringClaim, cosine: float) -> Relation:
    who = f"{other.speaker} on {other.show}" if other.speaker else other.show
    independent = are_independent(claim, other)
    # within one talk people quote, ask and correct themselves
    if claim.episode_id != other.episode_id and (opposed := _opposed(claim.headline, other.headline)):
        kind, reason = CONTRADICTS, f"{who}, {short_date(other.digest_date)}, said otherwise: “{opposed}”"
    elif claim.is_later_than(other) and (figures := _newer_figure(claim, other)):
        kind, reason = UPDATES, f"{figures[0]}, where {who} had {figures[1]} on {short_date(other.digest_date)}"
    else:
        kind, reason = SAME, f"{who} said so on {short_date(other.digest_date)}"
    return Relation(claim.claim_id, other, kind, round(cosine, 4), independent, reason)


def _newer_figure(claim: ScoringClaim, other: ScoringClaim) -> tuple[str, str] | None:
    """Two different figures of one unit, none of which the claims share: what it is now, and what it was."""
    now, then = quantities_in(claim.headline), quantities_in(other.headline)
    for unit in dict.fromkeys(q.unit for q in now if q.unit not in {"", ORDINAL}):
        mine, theirs = ({q.value for q in side if q.unit == unit} for side in (now, then))
        if theirs and not mine & theirs:
            return next(q.text for q in now if q.unit == unit), next(q.text for q in then if q.unit == unit)
    return None


def _opposed(text: str, other: str) -> str | None:
    """The clause of ``other`` that speaks of the same matter as one of ``text``, and denies it or turns it round."""
    for clause in clauses_of(text):
        for match in best_matches(clause, clauses_of(other), SHARED_CONTENT):
            if len(clause.content) < 2 or len(clause.content & match.content) / len(match.content) < SHARED_CONTENT:
                continue
            if (is_negated(clause.whole) != is_negated(match.whole)) != _turned(clause, match):
                return match.text
    return None


def _turned(one: Clause, other: Clause) -> bool:
    """Whether two clauses name opposite directions of an axis: more and less, faster and slower."""
    for up, down in _AXES:
        mine, theirs = ((bool(up.search(clause.whole)), bool(down.search(clause.whole))) for clause in (one, other))
        if mine == theirs[::-1] and mine in {(True, False), (False, True)}:
            return True
    return False
