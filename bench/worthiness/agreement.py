"""How far two readers agree: what a ranking or a flag could reach at most, by the same guide.

    python -m bench.worthiness.agreement --labels DIR [--labels DIR ...]

DIR holds windows and the first reader's labels (``bench.worthiness.windows``); ``second/`` has the second reader's
labels of some of these episodes, and the ten windows that they would send, best first. The second reader had not seen
the first one's labels. Prints, for each episode and in the mean, how many of the second reader's best the first reader
finds good, the correlation of their scores, and the second reader's advertisements as if they were flags.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

SECOND = Path(__file__).with_name("second")
GOOD = 2


def main() -> None:
    """Compare every episode that both have read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    args = parser.parse_args()
    rows = []
    for folder in args.labels:
        for windows in sorted(w for w in folder.glob("*.jsonl") if w.name.count(".") == 1):
            if (SECOND / f"{windows.stem}.labels.jsonl").exists():
                rows.append(compare(windows))
                print(f"{windows.stem[:60]:60} {summary(rows[-1:])}")
    if not rows:
        parser.error("none of these episodes has been read twice")
    print(f"{f'{len(rows)} episodes':60} {summary(rows)}")


def compare(windows: Path) -> dict[str, float]:
    """Figures of one episode."""
    count = len(windows.read_text(encoding="utf-8").splitlines())
    first = _columns(windows.with_name(f"{windows.stem}.labels.jsonl"), count)
    second = _columns(SECOND / f"{windows.stem}.labels.jsonl", count)
    lines = (SECOND / f"{windows.stem}.gold.jsonl").read_text(encoding="utf-8").splitlines()
    best = [json.loads(line)["windows"][0] for line in lines]
    return {
        "p@5": float(np.mean(first[best[:5], 0] >= GOOD)),
        "p@10": float(np.mean(first[best[:10], 0] >= GOOD)),
        "correlation": float(np.corrcoef(first[:, 0], second[:, 0])[0, 1]),
        "good": float((first[:, 0] >= GOOD).sum()),
        "good by the second": float((second[:, 0] >= GOOD).sum()),
        "ads": first[:, 1].sum(),
        "ads by the second": second[:, 1].sum(),
        "ads by both": (first[:, 1] * second[:, 1]).sum(),
    }


def summary(rows: Sequence[dict[str, float]]) -> str:
    """Means, and sums of counts, in a line."""
    mean = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    total = {key: sum(row[key] for row in rows) for key in rows[0]}
    both, flagged, ads = total["ads by both"], total["ads by the second"], total["ads"]
    return (
        f"p@5 {mean['p@5']:.2f}, p@10 {mean['p@10']:.2f}, correlation {mean['correlation']:.2f}, good"
        f" {total['good']:.0f} and {total['good by the second']:.0f}, ads {ads:.0f} and {flagged:.0f}: precision"
        f" {both / max(1, flagged):.2f}, recall {both / max(1, ads):.2f}"
    )


def _columns(labels: Path, count: int) -> npt.NDArray[np.float64]:
    """Score and advertisement of each window, shape (windows, 2)."""
    found = np.zeros((count, 2))
    for line in filter(str.strip, labels.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        found[int(str(row["id"]).rpartition(":")[2])] = row["score"], row["ad"]
    return found


if __name__ == "__main__":
    main()
