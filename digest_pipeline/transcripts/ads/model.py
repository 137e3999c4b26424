"""Which stretches of an episode advertise: a small linear model over cues, told by what surrounds them.

Two logistic regressions, one upon the other, then a two-state Viterbi path. The first judges a piece of about 25 words
by its own cues. The second adds its surroundings: how its neighbours were judged, whether it stands between two strong
signs, whether it names the sponsor that one of them named, and how near the episode's ends it is. The path keeps blocks
whole: it costs something to enter an advertisement and something to leave it. ``bench/ads`` trains and measures it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from digest_pipeline.errors import ModelError
from digest_pipeline.models import Segment
from digest_pipeline.regression import Array, Regression
from digest_pipeline.transcripts.ads.cues import CUES, plain

UNIT_WORDS = 25
SENTENCE_WORDS = 12  # the end of a sentence ends a unit that has this many words
TURN_WORDS = 8  # and so does a change of speaker
AHEAD = 6  # words after a unit in which a cue that begins in it may end
DOUBT = -3.0  # own log odds below which a unit at the edge of a block is left out
ENTER, LEAVE = 2.0, 0.6  # what the path pays, in log odds
CERTAIN = 3.0  # log odds that a cue adds which hardly anybody gives who does not advertise
STRONG = ("certain", "sponsor", "offer", "address", "action", "support_us")
EDGE = 20.0  # seconds within which the episode's ends fade
READ_SECONDS = 300.0  # the longest read between its opening and its thanks
BRAND = re.compile(
    r"\b(?:brought to you(?: today| in part)? by|sponsored by|supported by|friends (?:over )?at|partners (?:over )?at|"
    r"sponsors?(?: today| this week)? is|comes from|thanks to|support (?:of|from)|(?:go|head|over) to|visit|at) "
    r"(?:our friends at )?((?:(?!(?:the|our|a|you|my|your|this|that|all|for|how)\b)[a-z][\w']+)(?: [\w']+)?)"
)
NAMES_SPONSOR = re.compile(
    r"brought to you|sponsored by|our (?:thanks|sponsor)|for sponsoring|their support|support for|friends (?:over )?at|"
    r"sponsors? (?:today )?is|\bcode\b|dot \w+ slash|percent off|free trial"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of talk that is judged as one: segments ``first..last`` (inclusive), in plain words.

    ``ahead`` is how the talk goes on: a recogniser cuts in the middle of "brought to | you by".
    """

    words: str
    ahead: str
    first: int
    last: int
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class AdModel:
    """The two regressions. ``names`` are the cues that they belong to."""

    names: tuple[str, ...]
    own: Regression
    placed: Regression

    def judge(self, units: Sequence[Unit]) -> npt.NDArray[np.bool_]:
        """Whether each unit advertises."""
        if not units:
            return np.zeros(0, dtype=bool)
        cues = cue_matrix(units)
        own = self.own.log_odds(cues)
        sure = CERTAIN * _certainty(units, cues)
        return trimmed(best_path(self.placed.log_odds(place_matrix(units, cues, own)) + sure), own + sure)


@lru_cache(maxsize=1)
def load_ad_model() -> AdModel:
    """The model that ships with the package.

    Raises:
        ModelError: the weights do not fit the cues of this release.
    """
    with as_file(files("digest_pipeline.transcripts.ads") / "weights.npz") as path, np.load(path) as stored:
        parts = [
            Regression(
                stored[f"{name}_mean"].astype(float),
                stored[f"{name}_scale"].astype(float),
                stored[f"{name}_coefficients"].astype(float),
                float(stored[f"{name}_intercept"]),
            )
            for name in ("own", "placed")
        ]
        model = AdModel(tuple(stored["names"].tolist()), *parts)
    if model.names != tuple(CUES):
        raise ModelError("the advertisement weights belong to other cues", remedy="run bench.ads.train again")
    return model


def units_of(segments: Sequence[Segment]) -> list[Unit]:
    """Consecutive segments until there are ``UNIT_WORDS`` words, or another speaker begins."""
    units: list[Unit] = []
    first, words = 0, ""
    for i, segment in enumerate(segments):
        words = f"{words} {plain(segment.text)}".strip()
        count = words.count(" ") + 1
        is_last = i + 1 == len(segments)
        ends_turn = is_last or segments[i + 1].speaker != segment.speaker
        ends_sentence = segment.text.rstrip().endswith((".", "?", "!"))
        is_next_whole = not is_last and segments[i + 1].text.count(" ") + 1 >= SENTENCE_WORDS
        enough = TURN_WORDS if ends_turn else SENTENCE_WORDS if ends_sentence else UNIT_WORDS
        if count >= enough or is_last or (ends_sentence and is_next_whole):
            ahead = " ".join(plain(" ".join(s.text for s in segments[i + 1 : i + 1 + AHEAD])).split()[:AHEAD])
            units.append(Unit(words, ahead, first, i, segments[first].start_seconds, segment.end_seconds))
            first, words = i + 1, ""
    return units


def cue_matrix(units: Sequence[Unit]) -> Array:
    """Columns: for each cue, its number (at most 3) and its density; then the number of cues, and of words."""
    found = np.array([_counts(unit) for unit in units], dtype=float)
    words = np.array([unit.words.count(" ") + 1 for unit in units], dtype=float)
    capped = np.minimum(found, 3)
    strong = capped[:, [list(CUES).index(name) for name in STRONG]]
    return np.column_stack(
        [
            capped,
            capped / np.sqrt(words)[:, None],
            (capped[:, :-3] > 0).sum(1),
            np.minimum(strong.sum(1), 6),
            (strong > 0).sum(1),
            np.log(words),
        ]
    )


def _counts(unit: Unit) -> list[int]:
    """Of each cue, how many begin in a unit."""
    text, end = f"{unit.words} {unit.ahead}", len(unit.words)
    return [sum(match.start() < end for match in pattern.finditer(text)) for pattern in CUES.values()]


def place_matrix(units: Sequence[Unit], cues: Array, own: Array) -> Array:
    """Columns: own judgement, the neighbours', what encloses the unit, sponsors' names, nearness to the ends."""
    n = len(CUES)
    share = 1 / (1 + np.exp(-own))
    start = np.array([u.start_seconds for u in units])
    left = units[-1].end_seconds - np.array([u.end_seconds for u in units])
    names = list(CUES)
    opening = cues[:, names.index("opening")] + 2 * cues[:, names.index("welcome")]
    closing = cues[:, names.index("closing")] + 2 * cues[:, names.index("farewell")]
    before, after = _decayed(share, 4.0), _decayed(share[::-1], 4.0)[::-1]
    named, enclosed = _sponsors(units)
    near = [np.exp(-start / s) for s in (EDGE, 90)] + [np.exp(-left / s) for s in (EDGE, 90)]
    return np.column_stack(
        [
            own,
            share,
            _shifted(share, 1), _shifted(share, -1), _shifted(share, 2), _shifted(share, -2),
            before, after, np.minimum(before, after), before * after,
            _window(share, 3), _window(share, 8),
            named, enclosed, named * _window(share, 8), enclosed * share,
            *near,
            opening * near[0], opening * near[1], closing * near[2], closing * near[3],
            _window(opening, 2) * near[0], _window(closing, 2) * near[2], _window(closing, 4) * near[3],
            share * near[1], share * near[3],
            cues[:, names.index("certain")], cues[:, names.index("sponsor")], cues[:, 2 * n + 1],
            cues[:, names.index("welcome")] * near[0], cues[:, names.index("farewell")] * near[2],
        ]
    )  # fmt: skip


def best_path(log_odds: Array) -> npt.NDArray[np.bool_]:
    """The likeliest run of states, advertisement or not, where changing between them has its price (Viterbi, 1967)."""
    out, inside = 0.0, -ENTER
    came: list[tuple[bool, bool]] = []
    for value in log_odds:
        from_inside, from_outside = inside - LEAVE > out, out - ENTER > inside
        came.append((from_inside, from_outside))
        out, inside = max(out, inside - LEAVE), max(inside, out - ENTER) + value
    state, path = inside > out, []
    for from_inside, from_outside in reversed(came):
        path.append(state)
        state = (not from_outside) if state else from_inside
    return np.array(path[::-1], dtype=bool)


def _certainty(units: Sequence[Unit], cues: Array) -> Array:
    """0 to 1: cues that settle it, anywhere or, for a welcome and a farewell, at that end of the episode."""
    names = list(CUES)
    certain, welcome, farewell = (np.minimum(cues[:, names.index(c)], 1) for c in ("certain", "welcome", "farewell"))
    start = np.array([u.start_seconds for u in units])
    left = units[-1].end_seconds - np.array([u.end_seconds for u in units])
    sure: Array = np.maximum(certain, np.maximum(welcome * np.exp(-start / EDGE), farewell * np.exp(-left / EDGE)))
    return sure


def trimmed(inside: npt.NDArray[np.bool_], own: Array) -> npt.NDArray[np.bool_]:
    """Blocks without the units at their edges that have nothing of an advertisement in themselves."""
    kept = inside.copy()
    for order in (range(len(kept)), reversed(range(len(kept)))):
        before = False
        for i in order:
            if kept[i] and not before and own[i] < DOUBT:
                kept[i] = False
            before = bool(kept[i])
    return kept


def _sponsors(units: Sequence[Unit]) -> tuple[Array, Array]:
    """Which units name a sponsor that a strong sign nearby names, and which lie between two such signs."""
    signs: dict[str, list[int]] = {}
    for i, unit in enumerate(units):
        if NAMES_SPONSOR.search(unit.words):
            for match in BRAND.finditer(unit.words):
                signs.setdefault(match[1].split()[0][:6], []).append(i)
    named, enclosed = np.zeros(len(units)), np.zeros(len(units))
    start = np.array([unit.start_seconds for unit in units])
    for brand, at in signs.items():
        says = np.array([f" {brand}" in f" {unit.words}" for unit in units])
        for i in at:
            named[says & (np.abs(start - start[i]) <= READ_SECONDS)] = 1.0
        for a, b in pairwise(at):
            if b - a > 1 and start[b] - start[a] <= READ_SECONDS:
                enclosed[a : b + 1] = 1.0
    return named, enclosed


def _shifted(values: Array, by: int) -> Array:
    moved = np.zeros_like(values)
    if by > 0:
        moved[by:] = values[:-by]
    else:
        moved[:by] = values[-by:]
    return moved


def _window(values: Array, reach: int) -> Array:
    mean: Array = np.convolve(values, np.ones(2 * reach + 1), mode="full")[reach : reach + len(values)]
    return mean


def _decayed(values: Array, units: float) -> Array:
    """The strongest judgement so far, fading with distance."""
    fade, strongest, out = np.exp(-1 / units), 0.0, []
    for value in values:
        out.append(strongest)
        strongest = max(strongest * fade, value)
    return np.array(out)
