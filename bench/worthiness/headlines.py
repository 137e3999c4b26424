"""Train the clarity model on verdicts on claims as they would be sent, measure it on shows that it has not seen.

    python -m bench.worthiness.headlines --labels DIR [--labels DIR ...] [--vectors FILE] [--write]

``headlines.jsonl`` holds the verdicts: of each span (by its first word and number of words in a view of an episode) the
score that an editor gave who saw its headline and explanation alone (0: must not be sent; 1: nobody misses it; 2: good;
3: to be forwarded), the main flaw of those below 2, the reader, the worthiness that models without the show gave it,
and a digest of the wording that was judged. The texts come from DIR, worded as the pipeline words them now: what is
worded otherwise since is left out, and counted. Beside them it learns from written claims on other subjects
(``written``), and is measured on those of a writer whom it has not seen.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from bench.worthiness.episodes import LabelledEpisode, RememberingEmbedder, read_episodes, read_windows
from bench.worthiness.written import written_claims
from digest_pipeline.claims import clarity
from digest_pipeline.claims.clarity import MARKS, Shown, clarity_matrix
from digest_pipeline.claims.extractive import sentence_strengths
from digest_pipeline.claims.features import specificity
from digest_pipeline.claims.wording import headline_and_explanation, plainness
from digest_pipeline.claims.worthiness import Scores, embed_sentences
from digest_pipeline.encoder import LayeredEmbedder, get_embedder
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
    """A claim with the verdict of the first reader who judged it, and of the second, where there is one."""

    episode: str
    show: str
    view: str
    shown: Shown
    worthiness: float
    score: int
    again: int | None


def judged_claims(episodes: Sequence[LabelledEpisode], embedder: LayeredEmbedder) -> Iterator[Judged]:
    """Every verdict whose wording is still what the pipeline makes of the span. A wording is judged once."""
    by_place = {(episode.name, episode.view): episode for episode in episodes}
    missing = other = 0
    for row in read_windows(VERDICTS):
        episode = by_place.get((row["episode"], row["view"]))
        if episode is None:
            missing += 1
            continue
        spans = {(span.start_word, span.words): span for span in episode.spans}
        readings: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        for verdict in row["verdicts"]:
            readings[verdict["start_word"], verdict["words"]].append(verdict)
        for place, verdicts in readings.items():
            if place not in spans:
                other += 1
                continue
            span, first = spans[place], verdicts[0]
            strengths = sentence_strengths(span, embed_sentences([span], embedder))
            worded = headline_and_explanation([s.text for s in span.sentences], strengths)
            if sha256("\n".join(worded).encode()).hexdigest()[:12] != first["wording"]:
                other += 1
                continue
            again = verdicts[1]["score"] if len(verdicts) > 1 else None
            yield Judged(
                episode.name, episode.show, episode.view, Shown(*worded, span.quote), first["worthiness"],
                first["score"], again,
            )  # fmt: skip
    print(f"{missing} views of episodes that are not at hand; {other} claims are worded otherwise now")


@dataclass(frozen=True)
class Examples:
    """Rows of claims, and whether each stands."""

    matrix: Scores
    stands: npt.NDArray[np.bool_]

    def of(self, rows: npt.NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return Examples(self.matrix[rows], self.stands[rows])


def fit(judged: Examples, written: Examples, share: float = WRITTEN_SHARE) -> Regression:
    """The regression on verdicts and on written claims, of which each counts ``share``."""
    matrix = np.vstack([judged.matrix, written.matrix])
    stands = np.concatenate([judged.stands, written.stands])
    weights = np.concatenate([np.ones(len(judged.stands)), np.full(len(written.stands), share)])
    scaler = StandardScaler().fit(matrix, sample_weight=weights)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(scaler.transform(matrix), stands, weights)
    return Regression(scaler.mean_, scaler.scale_, fitted.coef_[0], float(fitted.intercept_[0]))


def held_out(claims: Sequence[Judged], judged: Examples, written: Examples) -> Scores:
    """The clarity of each claim by a model that has not seen its show."""
    shows = np.array([claim.show for claim in claims])
    found = np.zeros(len(claims))
    for show in np.unique(shows):
        found[shows == show] = fit(judged.of(shows != show), written).probability(judged.matrix[shows == show])
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


def report(claims: Sequence[Judged], rated: Scores) -> None:
    """Print how well it was learnt, beside the rules that it replaces, and what it changes in a digest."""
    score = np.array([claim.score for claim in claims])
    twice = np.array([(claim.score, claim.again) for claim in claims if claim.again is not None])
    if len(twice):
        same = [((twice >= least).all(axis=1).sum(), *(twice >= least).sum(axis=0)) for least in (STANDS, GOOD)]
        for least, (both, first, second) in zip((STANDS, GOOD), same, strict=True):
            print(f"two readers of {len(twice)}, score {least} or more: {first} and {second}, both {both}")
    rules = np.array([plainness(claim.shown.headline, claim.shown.quote) for claim in claims])
    worth = np.array([claim.worthiness for claim in claims])
    details = np.array([specificity(claim.shown.quote) for claim in claims])
    for name, rating in (("worthiness", worth), ("rules", rules), ("clarity, unseen show", rated)):
        areas = [roc_auc_score(score >= least, rating) for least in (STANDS, GOOD)]
        print(f"{name:22s} area under ROC: stands {areas[0]:.3f}, good {areas[1]:.3f}")
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (rated >= low) & (rated < low + 0.2)
        if inside.any():
            stand, good = np.mean(score[inside] >= STANDS), np.mean(score[inside] >= GOOD)
            print(f"  {low:.1f} to {low + 0.2:.1f}: {inside.sum():4d} claims, {stand:.2f} stand, {good:.3f} are good")
    shares = ScoreWeights()
    old = 0.5 * worth + 0.2 * rules + 0.08 * details
    new = shares.worthiness * worth + shares.clarity * rated + shares.specificity * details
    for talks in TALKS:
        print(f"the five of {talks} talks, by worthiness alone: {day_figures(claims, worth, talks)}")
        print(f"  with the rules, weighed 0.5 to 0.2: {day_figures(claims, old, talks)}")
        print(f"  with clarity, as it is weighed now: {day_figures(claims, new, talks)}")


def report_written(model: Regression, name: str, written: Examples, is_measured: npt.NDArray[np.bool_]) -> None:
    """Print how well a model tells the claims of the writer whom it has not seen, by their two views."""
    for view, first in (("as written", 0), ("as recognised", 1)):
        rows = is_measured & (np.arange(len(is_measured)) % 2 == first)
        rated, stands = model.probability(written.matrix[rows]), written.stands[rows]
        medians = np.median(rated[stands]), np.median(rated[~stands])
        print(
            f"{name}, other subjects {view}: area under ROC {roc_auc_score(stands, rated):.3f}, median of those that"
            f" stand {medians[0]:.2f}, of the others {medians[1]:.2f}"
        )


def main() -> None:
    """Train, measure on shows that were left out, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--write", action="store_true", help="write clarity.npz into the package")
    args = parser.parse_args()
    embedder = RememberingEmbedder(get_embedder(load_settings()), args.vectors)
    claims = list(judged_claims(list(read_episodes(args.labels, embedder)), embedder))
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
    report(claims, held_out(claims, judged, learnt_from))
    model = fit(judged, learnt_from)
    report_written(fit(judged, learnt_from, 0.0), "verdicts alone", written, is_measured)
    report_written(model, "with written claims", written, is_measured)
    if args.write:
        np.savez_compressed(
            WEIGHTS, names=np.array(MARKS), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercept=np.float32(model.intercept),
        )  # fmt: skip
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
