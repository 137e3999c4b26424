"""Train the claim-worthiness model on labelled windows, measure it on episodes it has not seen, write its weights.

    python -m bench.worthiness.train --labels DIR [--labels DIR ...] [--talk FILE] [--reranked FILE] [--out DIR]
        [--curve] [--write]

DIR holds NAME.jsonl (windows: id, speaker, text), NAME.labels.jsonl (id, score 0..3, sc, ad) and NAME.gold.jsonl per
episode. The models are in ``ridge`` and ``stack``. ``--out`` writes the ten best of each episode by models that have
not seen it, or not seen its show, a file a view, for an outside scorer. With ``--talk`` and ``--reranked``, which
``bench.worthiness.talk`` and ``bench.worthiness.reranker`` write, they are the ten best as the pipeline chooses them,
of the episodes that both hold; the stacked model and the probability are fitted on those, so ``--write`` asks for them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.worthiness.episodes import GOOD, VIEWS, LabelledEpisode, RememberingEmbedder, note_trained_on, read_episodes
from bench.worthiness.ranking import ranked
from bench.worthiness.ridge import Grouping, Moments, held_out, length_weight_of, moments_of
from bench.worthiness.stack import StackedRows, fit_stack, stacked_rows
from digest_pipeline.claims.models import worthiness
from digest_pipeline.claims.models.features import feature_names
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.models.worthiness import Scores, WorthinessModel
from digest_pipeline.encoder import get_embedder
from digest_pipeline.settings import load_settings

WEIGHTS = Path(worthiness.__file__).with_name("weights.npz")
CALIBRATED = 10  # best spans of an episode that the logistic curves are fitted on
CURVE, DRAWS = (6, 12, 25, 50), 2
Pairs = dict[bool, list[tuple[float, bool]]]


def logistic_curve(pairs: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and offset of the probability that a span of some worth is good."""
    fitted = LogisticRegression(C=1e6).fit([[worth] for worth, _ in pairs], [good for _, good in pairs])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def curve(episodes: Sequence[LabelledEpisode], moments: Moments, length_weight: float) -> None:
    """Print precision at five over the number of labelled episodes of other shows that were trained on."""
    shows = {e.name: e.show for e in episodes}
    fewest = min(sum(other != show for other in shows.values()) for show in shows.values())
    for amount in (*(n for n in CURVE if n < fewest), fewest):
        precisions: dict[str, list[float]] = {view: [] for view in VIEWS}
        for show in sorted(set(shows.values())):
            others = sorted(name for name, its_show in shows.items() if its_show != show)
            for draw in range(DRAWS):
                solved = moments.solve(np.random.default_rng(draw).choice(others, amount, replace=False).tolist())
                for episode in episodes:
                    if episode.show == show:
                        rows, _ = ranked(episode, moments.rate(episode, solved), length_weight, 5)
                        precisions[episode.view].append(float((episode.best[rows] >= GOOD).sum()) / 5)
        figures = ", ".join(f"{view} {np.mean(found):.3f}" for view, found in precisions.items())
        print(f"trained on {amount:2d} episodes of other shows: p@5 {figures}", flush=True)


def measure(
    episodes: Sequence[LabelledEpisode],
    moments: Moments,
    talks: Mapping[str, Scores],
    again: Mapping[str, Scores],
    folder: Path | None,
) -> tuple[float, Scores, Pairs]:
    """Rank what was held out, and write it where there is a folder for it.

    Returns:
        what the logarithm of a span's length counts; the stacked model of all episodes with ratings of the talk, empty
        without any; and of the best spans, by whether the text has no case, worth and whether they are good.
    """
    groupings: dict[str, Grouping] = {"episode": lambda e: e.name, "show": lambda e: e.show}
    calibration: Pairs = {False: [], True: []}
    length_weight = 0.0
    stacked: dict[str, tuple[str, StackedRows]] = {}
    for left_out, group in groupings.items():
        ratings = held_out(episodes, moments, group)
        if not length_weight:
            length_weight = length_weight_of(ratings)
        out: dict[str, list[str]] = {view: [] for view in VIEWS}
        keys = [f"{episode.name}/{episode.view}" for episode in episodes]
        stacked = {
            key: (group(episode), stacked_rows(episode, rated, talks[key], length_weight))
            for key, episode, rated in zip(keys, episodes, ratings, strict=True)
            if key in talks
        }
        stacks = {
            name: fit_stack([rows for other, rows in stacked.values() if other != name])
            for name in {name for name, _ in stacked.values()}
        }
        for key, episode, rated in zip(keys, episodes, ratings, strict=True):
            talk, reranked = talks.get(key), again.get(key)
            if (talks and talk is None) or (again and reranked is None):
                continue
            parts = (stacked[key][1].columns, stacks[group(episode)]) if key in stacked else None
            rows, worth = ranked(episode, rated, length_weight, CALIBRATED, talk, parts, reranked)
            if left_out == "episode":
                good = (episode.best[rows] >= GOOD).tolist()
                calibration[episode.view == "raw"].extend(zip(worth[rows].tolist(), good, strict=True))
            for rank, row in enumerate(rows[:10], start=1):
                line = {"episode": episode.name, "rank": rank, "quote": episode.spans[row].quote}
                out[episode.view].append(json.dumps(line))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for view, lines in out.items():
                (folder / f"{left_out}.{view}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stack = fit_stack([rows for _, rows in stacked.values()]) if stacked else np.zeros(0)
    return length_weight, stack, calibration


def main() -> None:
    """Train, measure on what was left out, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--vectors", type=Path, help="file that keeps sentence vectors from one call to the next")
    parser.add_argument("--talk", type=Path, help="ratings of spans where they stand, of episodes not learnt from")
    parser.add_argument("--reranked", type=Path, help="held-out ratings of the spans that were read again")
    parser.add_argument("--out", type=Path, help="write held-out candidates into this folder")
    parser.add_argument("--curve", action="store_true", help="print the learning curve")
    parser.add_argument("--write", action="store_true", help="write weights.npz into the package")
    args = parser.parse_args()
    if args.write and not (args.talk and args.reranked):
        parser.error("--write needs --talk and --reranked: the probability is of a rating that includes them")
    talks, again = (dict(np.load(file)) if file else {} for file in (args.talk, args.reranked))
    settings = load_settings()
    embedder = RememberingEmbedder(get_embedder(settings), args.vectors)
    episodes = list(read_episodes(args.labels, embedder, get_punctuator(settings, "en")))
    embedder.save()
    moments = moments_of(episodes)
    print(f"{len(episodes) // len(VIEWS)} episodes of {len({e.show for e in episodes})} shows in {len(VIEWS)} views")
    length_weight, stack, calibration = measure(episodes, moments, talks, again, args.out)
    if args.curve:
        curve(episodes, moments, length_weight)
    coefficients, intercepts = moments.solve({e.name for e in episodes})
    slopes, offsets = np.array([logistic_curve(calibration[uncased]) for uncased in (False, True)]).T.tolist()
    model = WorthinessModel(
        embedder.name, feature_names(), moments.mean, moments.scale, coefficients.T, intercepts, length_weight,
        stack, tuple(slopes), tuple(offsets),
    )  # fmt: skip
    for uncased, pairs in calibration.items():
        shares = np.quantile(
            model.probability(np.array([worth for worth, _ in pairs]), is_uncased=uncased), [0.1, 0.5, 0.9, 0.99]
        ).round(2)
        kind = "without case" if uncased else "with case"
        print(f"probability of the best {CALIBRATED} at 10, 50, 90 and 99 %, {kind}: {shares.tolist()}")
    if args.write:
        np.savez_compressed(
            WEIGHTS, encoder=model.encoder, names=np.array(model.names), mean=model.mean.astype(np.float32),
            scale=model.scale.astype(np.float32), coefficients=model.coefficients.astype(np.float32),
            intercepts=model.intercepts.astype(np.float32), length_weight=np.float32(length_weight),
            stack=model.stack.astype(np.float32), slopes=np.array(slopes), offsets=np.array(offsets),
        )  # fmt: skip
        note_trained_on(e.name for e in episodes)
        print(f"{WEIGHTS}: {model.coefficients.size} weights, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
