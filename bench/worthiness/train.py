"""Train the claim-worthiness model on labelled windows and write its weights.

    python -m bench.worthiness.train --labels DIR [--labels DIR ...] --write
    python -m bench.worthiness.train --labels DIR --candidates /tmp/candidates.jsonl

DIR holds NAME.jsonl (windows: id, speaker, text) and NAME.labels.jsonl (id, score 0..3, sc, ad) per episode. Every
candidate span takes the best score among the windows that carry at least 30 % of it; the target is a score of 2 or 3.
``--candidates`` writes each episode's ten best by a model that has not seen that episode, for an outside scorer.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import StandardScaler

from digest_pipeline.claims import worthiness
from digest_pipeline.claims.extractive import select_spans, shape_scores
from digest_pipeline.claims.features import feature_names
from digest_pipeline.claims.spans import Span, spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.claims.worthiness import Scores, WorthinessModel, design_matrix, embed_spans
from digest_pipeline.encoder import Vectors, get_embedder
from digest_pipeline.models import Segment
from digest_pipeline.settings import load_settings

GOOD = 2  # a score from which an editor would send it
CARRIES = 0.3
WORDS_PER_SECOND = 2.5
WEIGHTS = Path(worthiness.__file__).with_name("weights.npz")


@dataclass(frozen=True)
class Episode:
    """A labelled episode: its candidate spans and the score of each."""

    name: str
    spans: list[Span]
    vectors: Vectors
    matrix: Scores
    scores: npt.NDArray[np.int64]


def load_episode(windows: Path) -> Episode:
    """Read windows and labels, and cut candidate spans as the pipeline does."""
    rows = [json.loads(line) for line in windows.read_text(encoding="utf-8").splitlines() if line.strip()]
    label_file = windows.with_name(f"{windows.stem}.labels.jsonl")
    labels = {
        row["id"]: row["score"]
        for row in map(json.loads, filter(str.strip, label_file.read_text(encoding="utf-8").splitlines()))
    }
    now, segments = 0.0, []
    for position, row in enumerate(rows):
        end = now + len(row["text"].split()) / WORDS_PER_SECOND
        segments.append(Segment(position, now, end, row.get("speaker"), row["text"]))
        now = end
    spans = list(spans_of(turns_of(segments)))
    vectors = embed_spans(spans, get_embedder(load_settings()))
    scores = np.array([_score(span, labels) for span in spans])
    return Episode(windows.stem, spans, vectors, design_matrix(spans, vectors), scores)


def _score(span: Span, labels: dict[int, int]) -> int:
    start, end = span.sentences[0].start, span.sentences[-1].end
    best = 0
    for segment, offset in zip(span.turn.segments, span.turn.offsets, strict=True):
        shared = min(end, offset + len(segment.text)) - max(start, offset)
        if shared >= CARRIES * (end - start):
            best = max(best, labels.get(segment.position, 0))
    return best


def fit(episodes: Sequence[Episode], strength: float) -> WorthinessModel:
    """Logistic regression; a span of score 3 counts twice, and every episode counts the same."""
    matrix = np.vstack([e.matrix for e in episodes])
    scores = np.concatenate([e.scores for e in episodes])
    weight = np.concatenate([np.full(len(e.scores), 1000 / len(e.scores)) for e in episodes])
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
    model.fit(scaler.transform(matrix), scores >= GOOD, sample_weight=weight * np.where(scores > GOOD, 2.0, 1.0))
    encoder = get_embedder(load_settings()).name
    return WorthinessModel(
        encoder, feature_names(), scaler.mean_, scaler.scale_, model.coef_[0], float(model.intercept_[0])
    )


def leave_one_out(episodes: Sequence[Episode], strength: float) -> list[tuple[Episode, Scores]]:
    """Each episode's spans scored by a model trained on all the others."""
    return [(e, fit([o for o in episodes if o is not e], strength).score(e.matrix)) for e in episodes]


def main() -> None:
    """Train, measure leave-one-episode-out, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--strength", type=float, default=0.001, help="inverse of the L2 penalty")
    parser.add_argument("--candidates", type=Path, help="write leave-one-out candidates here")
    parser.add_argument("--write", action="store_true", help="write weights.npz into the package")
    args = parser.parse_args()
    files = sorted(w for d in args.labels for w in d.glob("*.jsonl") if w.name.count(".") == 1)
    episodes = [load_episode(w) for w in files if w.with_name(f"{w.stem}.labels.jsonl").exists()]
    out, precisions = [], []
    for episode, scores in leave_one_out(episodes, args.strength):
        good = episode.scores >= GOOD
        precision = average_precision_score(good, scores) if good.any() else float("nan")
        precisions.append(precision)
        print(
            f"{episode.name[:60]:60s} spans {len(good):5d}  good {good.mean():.3f}  average precision {precision:.3f}"
        )
        shaped = shape_scores(episode.spans, scores)
        for rank, row in enumerate(select_spans(episode.spans, episode.vectors, shaped, 10), start=1):
            out.append({"episode": episode.name, "rank": rank, "quote": episode.spans[row].quote})
    print(f"mean average precision over {len(episodes)} episodes: {np.nanmean(precisions):.3f}")
    if args.candidates:
        args.candidates.write_text("\n".join(map(json.dumps, out)) + "\n", encoding="utf-8")
    if args.write:
        model = fit(episodes, args.strength)
        np.savez_compressed(
            WEIGHTS, encoder=model.encoder, names=np.array(model.names), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercept=np.float32(model.intercept),
        )  # fmt: skip
        print(f"{WEIGHTS}: {len(model.coefficients)} weights")


if __name__ == "__main__":
    main()
