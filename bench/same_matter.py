"""Which claims of one theme speak of the same matter: the ground of ``SAME_MATTER`` in ``scoring/select.py``.

    python -m bench.same_matter

``same_matter.jsonl`` holds 234 pairs of claims that one theme had on one day, each with a score of 0.5 and a clarity of
0.4 or more: all such pairs of twelve days of a network of ten shows (2024-08-05 to 2024-08-16) and of the demo's four.
Each has the cosine of the two embeddings and what two readers of headline and explanation said, who did not know it:
with the one in a digest of five, does the other waste a place (2), make another point of the same field (1), or speak
of another subject (0)? Prints the shares by cosine, and below and above the constant.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.worthiness.episodes import read_windows
from digest_pipeline.scoring.select import SAME_MATTER

JUDGED = Path(__file__).with_name("same_matter.jsonl")
BANDS = (0.0, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.70)
OTHER, SAME = 0, 2


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    pairs = read_windows(JUDGED)
    cosines = np.array([pair["cosine"] for pair in pairs])
    verdicts = np.array([pair["verdicts"] for pair in pairs])
    is_same = verdicts == SAME
    print(f"{len(pairs)} pairs, {sum(pair['is_one_episode'] for pair in pairs)} of one episode")
    print(f"the same matter for the readers {is_same.sum(axis=0).tolist()}, for both {is_same.all(axis=1).sum()}")
    for low, high in (*pairwise(BANDS), (0.0, SAME_MATTER), (SAME_MATTER, 1.0)):
        print(f"  {low:.2f} to {high:.2f}: {_shares(verdicts[(cosines >= low) & (cosines < high)])}")


def _shares(verdicts: npt.NDArray[np.int64]) -> str:
    same, other = np.mean(verdicts == SAME), np.mean(verdicts == OTHER)
    return f"{len(verdicts):3d} pairs, {same:.2f} the same matter, {other:.2f} another subject"


if __name__ == "__main__":
    main()
