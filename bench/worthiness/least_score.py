"""What claims are worth by their score: the ground of the setting ``min_score``.

    python -m bench.worthiness.least_score [--others 0.08]

``scored_claims.jsonl`` holds the six best claims of forty talks on whose claims nothing has learnt, each by its
first word and number of words in a view of the talk and a digest of its wording, with its components and the verdicts
of two readers of ``headlines``' guide (0: must not be sent; 1: nobody misses it; 2: good; 3: to be forwarded). Prints,
by score, how many must not be sent and how many are good, in bands and from each score upwards. A talk by itself has no
history: what novelty, corroboration and momentum add on a usual day is ``--others``.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.worthiness.episodes import read_windows
from bench.worthiness.headlines import GOOD, STANDS
from digest_pipeline.settings import ScoreWeights

JUDGED = Path(__file__).with_name("scored_claims.jsonl")
OTHERS = 0.08  # the mean of the claims with a score of 0.5 or more, on twelve days of a network of ten shows
BANDS = (0.0, 0.40, 0.45, 0.50, 0.55, 0.60, 0.62, 0.65, 1.0)
SPLIT = (0.50, 0.62), (0.62, 1.0)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--others", type=float, default=OTHERS, help=f"what the other components add ({OTHERS})")
    others = parser.parse_args().others
    weights, talks = ScoreWeights(), read_windows(JUDGED)
    claims = [claim for talk in talks for claim in talk["claims"]]
    whole = sum(getattr(weights, name) for name in type(weights).model_fields)
    rated = ("worthiness", "clarity", "specificity")
    score = sum(getattr(weights, name) * np.array([c[name] for c in claims]) for name in rated) / whole + others
    verdicts = np.array([claim["scores"] for claim in claims])
    print(f"{len(claims)} claims of {len(talks)} talks, {verdicts.size} verdicts")
    same = [int(((verdicts >= least).all(axis=1)).sum()) for least in (STANDS, GOOD)]
    each = [(verdicts >= least).sum(axis=0).tolist() for least in (STANDS, GOOD)]
    print(f"the two readers let {each[0]} stand, both {same[0]}; {each[1]} are good, by both {same[1]}")
    for low, high in pairwise(BANDS):
        print(f"  {low:.2f} to {high:.2f}: {_shares(verdicts[(score >= low) & (score < high)])}")
    for least in BANDS[1:-1]:
        print(f"  {least:.2f} and more: {_shares(verdicts[score >= least])}")
    is_heard = np.array([talk["talk_rater_heard_it"] for talk in talks for _ in talk["claims"]])
    for name, rows in (("heard by the talk rater", is_heard), ("not heard", ~is_heard)):
        for low, high in SPLIT:
            print(f"  {name}, {low:.2f} to {high:.2f}: {_shares(verdicts[rows & (score >= low) & (score < high)])}")


def _shares(verdicts: npt.NDArray[np.int64]) -> str:
    bad, good = np.mean(verdicts < STANDS), np.mean(verdicts >= GOOD)
    return f"{len(verdicts):3d} claims, {bad:.2f} must not be sent, {good:.2f} are good"


if __name__ == "__main__":
    main()
