"""Train the clarity model on verdicts on claims as they would be sent, measure it on shows that it has not seen.

    python -m bench.worthiness.headlines --labels DIR [--labels DIR ...] --rated FILE [--vectors FILE] [--write]

``headlines.jsonl`` holds the verdicts: of each span (by its first word, its number of words and the characters at which
its sentences begin, in a view of an episode) the score that an editor gave who saw its headline and explanation alone
(0: must not be sent; 1: nobody misses it; 2: good; 3: to be forwarded), the main flaw of those below 2, the reader, the
worthiness that models without the show gave it, and a digest of the wording that was judged. The texts come from DIR,
worded as the pipeline words such sentences now: what is worded otherwise since is left out, and counted. Beside them it
learns from written claims on other subjects (``written``), and is measured on those of a writer whom it has not seen.
FILE holds the held-out ratings of ``bench.worthiness.shown``, which are joined with it as they are in the pipeline.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from bench.worthiness.episodes import RememberingEmbedder, labelled_in, read_windows, show_of, words_in
from bench.worthiness.written import written_claims
from digest_pipeline.claims.models import clarity
from digest_pipeline.claims.models.clarity import MARKS, Shown, clarity_matrix, joined
from digest_pipeline.claims.models.clarity_rater import get_clarity_rater
from digest_pipeline.claims.models.features import specificity
from digest_pipeline.claims.models.worthiness import Scores
from digest_pipeline.claims.wording import plainness, worded
from digest_pipeline.encoder import get_embedder
from digest_pipeline.regression import Regression
from digest_pipeline.settings import ScoreWeights, load_settings

VERDICTS = Path(__file__).with_name("headlines.jsonl")
WEIGHTS = Path(clarity.__file__).with_name("clarity.npz")
STRENGTH = 0.001  # inverse of the L2 penalty
WRITTEN_SHARE = 0.5  # weight of a written claim beside a verdict; 0 takes the subject for clarity, 2 costs verdicts
STANDS, GOOD = 1, 2  # scores from which it may be sent, and from which it is a gain
DAYS, PICKED, MOST_OF_EPISODE = 500, 5, 2
TALKS = (3, 8, 20)  # of a made-up day


@dataclass(frozen=True)
class Judged:
    """A claim with the verdict of the first reader who judged it, and the score of the second, where there is one."""

    episode: str
    show: str
    view: str
    shown: Shown
    worthiness: float
    score: int
    flaw: str | None
    again: int | None


def judged_claims(folders: Sequence[Path]) -> Iterator[Judged]:
    """Every verdict whose wording the pipeline could still give the span, under one of its sentences as the headline. A
    wording is judged once. The texts come from the labelled episodes of ``folders``.
    """
    by_name = {windows.stem: windows for windows in labelled_in(folders)}
    missing = other = 0
    for row in read_windows(VERDICTS):
        name, view = row["episode"], row["view"]
        if name not in by_name:
            missing += 1
            continue
        spoken = words_in(by_name[name], view)
        readings: dict[tuple[int, int, str], list[dict[str, Any]]] = defaultdict(list)
        for verdict in row["verdicts"]:
            readings[verdict["start_word"], verdict["words"], verdict["wording"]].append(verdict)
        for (start, words, wording), (first, *again) in readings.items():
            shown = _shown(" ".join(spoken[start : start + words]), first["sentences"], wording)
            if shown:
                second = again[0]["score"] if again else None
                worth, score, flaw = first["worthiness"], first["score"], first["flaw"]
                yield Judged(name, show_of(name), view, shown, worth, score, flaw, second)
            else:
                other += 1
    print(f"{missing} views of episodes that are not at hand; {other} claims are worded otherwise now")


def digest_of(wording: tuple[str, str]) -> str:
    """What ``headlines.jsonl`` keeps of a headline and its explanation."""
    return sha256("\n".join(wording).encode()).hexdigest()[:12]


def _shown(quote: str, starts: Sequence[int], wording: str) -> Shown | None:
    """The span under the headline that was judged."""
    sentences = [quote[start:end].strip() for start, end in pairwise([*starts, len(quote)])]
    wordings = (worded(sentences, headline) for headline in range(len(sentences)))
    return next((Shown(*each, quote) for each in wordings if digest_of(each) == wording), None)


@dataclass(frozen=True)
class Examples:
    """Rows of claims, and whether each stands."""

    matrix: Scores
    stands: npt.NDArray[np.bool_]

    def of(self, rows: npt.NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return Examples(self.matrix[rows], self.stands[rows])


def fit(judged: Examples, written: Examples) -> Regression:
    """The regression on verdicts and on written claims, of which each counts ``WRITTEN_SHARE``."""
    matrix = np.vstack([judged.matrix, written.matrix])
    stands = np.concatenate([judged.stands, written.stands])
    weights = np.concatenate([np.ones(len(judged.stands)), np.full(len(written.stands), WRITTEN_SHARE)])
    scaler = StandardScaler().fit(matrix, sample_weight=weights)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(scaler.transform(matrix), stands, weights)
    return Regression(scaler.mean_, scaler.scale_, fitted.coef_[0], float(fitted.intercept_[0]))


def held_out(claims: Sequence[Judged], judged: Examples, written: Examples) -> Scores:
    """Log odds for each claim by a regression that has not seen its show."""
    shows = np.array([claim.show for claim in claims])
    found = np.zeros(len(claims))
    for show in np.unique(shows):
        found[shows == show] = fit(judged.of(shows != show), written).log_odds(judged.matrix[shows == show])
    return found


def day_figures(claims: Sequence[Judged], rating: Scores, talks: int) -> str:
    """What the five best of a day are like, by ``rating``: a day is some episodes, two in three of them raw."""
    chance = np.random.default_rng(0)
    of_view: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, claim in enumerate(claims):
        of_view[claim.episode, claim.view].append(row)
    names = sorted({episode for episode, _ in of_view})
    scores: list[int] = []
    for _ in range(DAYS):
        views = chance.choice(["published", "raw", "raw"], talks)
        drawn = chance.choice(names, talks, replace=False)
        rows = [row for name, view in zip(drawn, views, strict=True) for row in of_view[str(name), str(view)]]
        taken: Counter[str] = Counter()
        picked: list[int] = []
        for row in sorted(rows, key=lambda row: -rating[row]):
            if taken[claims[row].episode] < MOST_OF_EPISODE and len(picked) < PICKED:
                taken[claims[row].episode] += 1
                picked.append(row)
        scores += [claims[row].score for row in picked]
    found = np.array(scores)
    return f"good {np.mean(found >= GOOD):.3f}, must not be sent {np.mean(found < STANDS):.3f}"


def report(claims: Sequence[Judged], by_wording: Scores, rated: Scores) -> None:
    """Print how well it was learnt, beside the rules that it replaces, and what it changes in a digest.

    Args:
        claims: all of them.
        by_wording: what the regression says of each, held out, as log odds.
        rated: what the clarity rater does.
    """
    clarity = joined(by_wording, rated)
    score = np.array([claim.score for claim in claims])
    twice = np.array([(claim.score, claim.again) for claim in claims if claim.again is not None])
    if len(twice):
        same = [((twice >= least).all(axis=1).sum(), *(twice >= least).sum(axis=0)) for least in (STANDS, GOOD)]
        for least, (both, first, second) in zip((STANDS, GOOD), same, strict=True):
            print(f"two readers of {len(twice)}, score {least} or more: {first} and {second}, both {both}")
    rules = np.array([plainness(claim.shown.headline, claim.shown.quote) for claim in claims])
    worth = np.array([claim.worthiness for claim in claims])
    details = np.array([specificity(claim.shown.quote) for claim in claims])
    for name, rating in (
        ("worthiness", worth), ("rules", rules), ("regression, unseen show", by_wording),
        ("rater, unseen show", rated), ("clarity, unseen show", clarity),
    ):  # fmt: skip
        areas = [roc_auc_score(score >= least, rating) for least in (STANDS, GOOD)]
        print(f"{name:23s} area under ROC: stands {areas[0]:.3f}, good {areas[1]:.3f}")
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (clarity >= low) & (clarity < low + 0.2)
        if inside.any():
            stand, good = np.mean(score[inside] >= STANDS), np.mean(score[inside] >= GOOD)
            print(f"  {low:.1f} to {low + 0.2:.1f}: {inside.sum():4d} claims, {stand:.2f} stand, {good:.3f} are good")
    shares = ScoreWeights()

    def weighed(reads: Scores) -> Scores:
        score: Scores = shares.worthiness * worth + shares.clarity * reads + shares.specificity * details
        return score

    for talks in TALKS:
        print(f"the five of {talks} talks, by worthiness alone: {day_figures(claims, worth, talks)}")
        print(f"  with the regression: {day_figures(claims, weighed(joined(by_wording, by_wording)), talks)}")
        print(f"  with clarity: {day_figures(claims, weighed(clarity), talks)}")


def report_written(rated: Scores, name: str, written: Examples, is_measured: npt.NDArray[np.bool_]) -> None:
    """Print how well a rating tells the claims of the writer whom it has not seen, by their two views."""
    for view, first in (("as written", 0), ("as recognised", 1)):
        rows = is_measured & (np.arange(len(is_measured)) % 2 == first)
        found, stands = rated[rows], written.stands[rows]
        medians = np.median(found[stands]), np.median(found[~stands])
        print(
            f"{name}, other subjects {view}: area under ROC {roc_auc_score(stands, found):.3f}, median of those that"
            f" stand {medians[0]:.2f}, of the others {medians[1]:.2f}"
        )


def main() -> None:
    """Train, measure on shows that were left out, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--rated", type=Path, required=True, help="what bench.worthiness.shown wrote (.npz)")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--write", action="store_true", help="write clarity.npz into the package")
    args = parser.parse_args()
    settings = load_settings()
    embedder = RememberingEmbedder(get_embedder(settings), args.vectors)
    claims = list(judged_claims(args.labels))
    _, wording = embedder.embed_layers([claim.shown.headline for claim in claims])
    judged = Examples(
        clarity_matrix([claim.shown for claim in claims], wording).astype(float),
        np.array([claim.score >= STANDS for claim in claims]),
    )
    invented = list(written_claims())
    _, wording = embedder.embed_layers([claim.shown.headline for claim in invented])
    embedder.save()
    written = Examples(
        clarity_matrix([claim.shown for claim in invented], wording).astype(float),
        np.array([claim.stands for claim in invented]),
    )
    is_measured = np.array([claim.is_measured for claim in invented])
    learnt_from = written.of(~is_measured)
    episodes, shows = {claim.episode for claim in claims}, {claim.show for claim in claims}
    print(f"{len(claims)} claims of {len(episodes)} episodes of {len(shows)} shows")
    with np.load(args.rated) as stored:
        report(claims, held_out(claims, judged, learnt_from), stored["rated"])
    model = fit(judged, learnt_from)
    rated = get_clarity_rater(settings).rate([(claim.shown.headline, claim.shown.explanation) for claim in invented])
    report_written(model.probability(written.matrix), "the regression", written, is_measured)
    report_written(joined(model.log_odds(written.matrix), rated), "clarity", written, is_measured)
    if args.write:
        np.savez_compressed(
            WEIGHTS, names=np.array(MARKS), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercept=np.float32(model.intercept),
        )  # fmt: skip
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
