"""Train the clarity model on verdicts on claims as they would be sent, measure it on shows that it has not seen.

    python -m bench.worthiness.headlines --labels DIR [--labels DIR ...] [--vectors FILE] [--write]

``headlines.jsonl`` holds the verdicts: of each span (by its first word and number of words in a view of an episode) the
score that an editor gave who saw its headline and explanation alone (0: must not be sent; 1: nobody misses it; 2: good;
3: to be forwarded), the main flaw of those below 2, the reader, the worthiness that models without the show gave it,
and a digest of the wording that was judged. The texts come from DIR, worded as the pipeline words them now: what is
worded otherwise since is left out, and counted.
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
STRENGTH = 0.0003  # inverse of the L2 penalty; 0.001 ranks a little better, but is surer of subjects than of wording
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


def fit(matrix: Scores, stands: npt.NDArray[np.bool_]) -> Regression:
    """The regression on these claims."""
    scaler = StandardScaler().fit(matrix)
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit(scaler.transform(matrix), stands)
    return Regression(scaler.mean_, scaler.scale_, fitted.coef_[0], float(fitted.intercept_[0]))


def held_out(claims: Sequence[Judged], matrix: Scores) -> Scores:
    """The clarity of each claim by a model that has not seen its show."""
    shows = np.array([claim.show for claim in claims])
    stands = np.array([claim.score >= STANDS for claim in claims])
    found = np.zeros(len(claims))
    for show in np.unique(shows):
        found[shows == show] = fit(matrix[shows != show], stands[shows != show]).probability(matrix[shows == show])
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
    embedder.save()
    matrix = clarity_matrix([claim.shown for claim in claims], wording).astype(float)
    episodes, shows = {claim.episode for claim in claims}, {claim.show for claim in claims}
    print(f"{len(claims)} claims of {len(episodes)} episodes of {len(shows)} shows")
    report(claims, held_out(claims, matrix))
    model = fit(matrix, np.array([claim.score >= STANDS for claim in claims]))
    if args.write:
        np.savez_compressed(
            WEIGHTS, names=np.array(MARKS), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercept=np.float32(model.intercept),
        )  # fmt: skip
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
