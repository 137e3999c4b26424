"""Tune the clarity rater on verdicts on claims as they would be sent, rate those of shows that it has not seen.

    python -m bench.worthiness.shown --labels DIR [--labels DIR ...] --out FILE [--steps 300] [--write]

FILE is for ``bench.worthiness.headlines --rated FILE``, which prints the figures. Each step reads verdicts of
``headlines.jsonl`` (whether the claim stands, is good, its score, its flaw), invented claims (``written``: whether they
stand), and windows of the labelled episodes, as they are written or as recognised (whether they stand alone, are worth
sending): these are twenty times as many, and teach what talk is like. Two cores take a quarter of an hour for a fold.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.worthiness.episodes import (
    labelled_in,
    note_trained_on,
    read_labels,
    read_windows,
    show_of,
)
from bench.worthiness.headlines import GOOD, STANDS, Judged, judged_claims
from bench.worthiness.low_rank import DEVICE, learnt, mixed_precision, with_updates
from bench.worthiness.written import recognised, written_claims
from digest_pipeline.claims.models import clarity_rater
from digest_pipeline.claims.models.tuned_encoder import ShownEncoder, padded
from digest_pipeline.claims.models.tuned_weights import ShownText
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import load_settings

WEIGHTS = Path(clarity_rater.__file__).with_name("clarity_rater.npz")
VERDICTS_A_STEP, WRITTEN_A_STEP, WINDOWS_A_STEP = 24, 6, 20
STARTS = (0.0, -2.5, -0.7, -0.8, -0.9, 0.4, 0.0, -2.0)  # what the outputs begin at
STANDING, OF_VERDICT, OF_WINDOW = 0, 5, 6  # outputs: stands, is good, three kinds of flaws; score; of a window
SCORE_SHARE = 2 / 3  # of a score in its output
FLAW_SHARE, WRITTEN_SHARE, WINDOW_SHARE = 0.5, 0.25, 0.5  # of the losses
AS_RECOGNISED = 0.4  # of the windows
WINDOW_WORDS = 6, 90
UPDATE_RATE, HEAD_RATE, WARM_UP = 6e-4, 1e-3, 30
FOLDS = 4

likelihood = nn.functional.binary_cross_entropy_with_logits


@dataclass(frozen=True)
class Lessons:
    """Texts with what each should be rated: shape (texts, outputs that it has something to say of)."""

    texts: list[ShownText]
    wanted: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int64]

    def without(self, fold: int) -> "Lessons":
        """Those of the other folds."""
        kept = np.flatnonzero(self.folds != fold)
        return Lessons([self.texts[row] for row in kept], self.wanted[kept], self.folds[kept])

    def draw(self, chance: np.random.Generator, count: int) -> tuple[list[ShownText], torch.Tensor]:
        """Some of them."""
        rows = chance.integers(0, len(self.texts), count)
        return [self.texts[row] for row in rows], torch.tensor(self.wanted[rows], device=DEVICE)


def of_verdicts(claims: Sequence[Judged], folds: dict[str, int]) -> Lessons:
    """What the verdicts teach; of two readers the mean."""
    wanted = []
    for claim in claims:
        scores = np.array([claim.score] if claim.again is None else [claim.score, claim.again])
        flaws = claim.flaw == "dangling", claim.flaw == "garbled", claim.flaw not in (None, "dangling", "garbled")
        wanted.append([np.mean(scores >= STANDS), np.mean(scores >= GOOD), *flaws, scores.mean() * SCORE_SHARE])
    texts = [(claim.shown.headline, claim.shown.explanation) for claim in claims]
    return Lessons(texts, np.array(wanted, np.float32), np.array([folds[claim.show] for claim in claims]))


def of_written() -> Lessons:
    """What the invented claims teach, those of the measured writer left out."""
    claims = [claim for claim in written_claims() if not claim.is_measured]
    texts = [(claim.shown.headline, claim.shown.explanation) for claim in claims]
    return Lessons(texts, np.array([[claim.stands] for claim in claims], np.float32), np.full(len(claims), -1))


def of_windows(paths: Iterable[Path], folds: dict[str, int]) -> Lessons:
    """What the labelled windows teach."""
    texts: list[ShownText] = []
    wanted, of_show = [], []
    for path in paths:
        windows = read_windows(path)
        columns = read_labels(path, len(windows))
        for window, contained, score in zip(windows, columns["sc"], columns["score"], strict=True):
            least, most = WINDOW_WORDS
            if least <= len(window["text"].split()) <= most:
                texts.append((window["text"], ""))
                wanted.append([contained, score >= GOOD])
                of_show.append(folds.get(show_of(path.stem), -1))
    return Lessons(texts, np.array(wanted, np.float32), np.array(of_show))


def fit(source: str, verdicts: Lessons, written: Lessons, windows: Lessons, steps: int) -> ShownEncoder:
    """A rater that has learnt from these."""
    torch.manual_seed(3)
    chance = np.random.default_rng(3)
    network = with_updates(ShownEncoder(source, len(STARTS))).train()
    network.encoder.embeddings.token_type_embeddings.requires_grad_(True)
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor(STARTS))
    updates = [p for p in network.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([{"params": updates}, {"params": list(network.head.parameters())}], weight_decay=0.01)
    for step in range(steps):
        for group, highest in zip(optimizer.param_groups, (UPDATE_RATE, HEAD_RATE), strict=True):
            group["lr"] = highest * min(1, (step + 1) / WARM_UP) * (1 - step / steps)
        texts, judged = verdicts.draw(chance, VERDICTS_A_STEP)
        invented, stands = written.draw(chance, WRITTEN_A_STEP)
        talk, labels = windows.draw(chance, WINDOWS_A_STEP)
        talk = [(recognised(text) if chance.random() < AS_RECOGNISED else text, "") for text, _ in talk]
        with mixed_precision():
            rated = network(*padded(*network.tokens([*texts, *invented, *talk]), DEVICE))
        of_verdicts, of_written, of_windows = rated.float().split([len(texts), len(invented), len(talk)])
        loss = (
            2 * likelihood(of_verdicts[:, :2], judged[:, :2])
            + FLAW_SHARE * likelihood(of_verdicts[:, 2:OF_VERDICT], judged[:, 2:OF_VERDICT])
            + nn.functional.mse_loss(of_verdicts[:, OF_VERDICT], judged[:, OF_VERDICT])
            + WRITTEN_SHARE * likelihood(of_written[:, STANDING], stands[:, 0])
            + 2 * WINDOW_SHARE * likelihood(of_windows[:, OF_WINDOW:], labels)
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*updates, *network.head.parameters()], 1.0)
        optimizer.step()
        if step % 100 == 99 or step + 1 == steps:
            print(f"  step {step + 1}: loss {loss.item():.3f}", flush=True)
    return network.eval()


def weights_of(network: ShownEncoder) -> dict[str, npt.NDArray[np.float16]]:
    """What ``clarity_rater.npz`` holds: the updates, the token types, and the output for what stands."""
    types = network.encoder.embeddings.token_type_embeddings.weight
    kept = {"token_types": types, "bias": network.head.bias[:1]}
    return {name: part.detach().cpu().numpy().astype(np.float16) for name, part in kept.items()} | learnt(network)


def folds_of(shows: Sequence[str]) -> dict[str, int]:
    """Whole shows in groups of about as many claims."""
    loads, folds = [0] * FOLDS, {}
    for show, size in sorted(Counter(shows).items(), key=lambda item: (-item[1], item[0])):
        folds[show] = loads.index(min(loads))
        loads[folds[show]] += size
    return folds


def main() -> None:
    """Tune without each fold, rate it, then tune on all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, action="append", required=True, help="folder with windows and labels")
    parser.add_argument("--out", type=Path, required=True, help="file for the held-out log odds (.npz)")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--write", action="store_true", help="write clarity_rater.npz into the package")
    args = parser.parse_args()
    source = encoder_source(load_settings().encoder_model)
    claims = list(judged_claims(args.labels))
    paths = labelled_in(args.labels)
    folds = folds_of([claim.show for claim in claims])
    verdicts, written, windows = of_verdicts(claims, folds), of_written(), of_windows(paths, folds)
    print(f"{len(claims)} claims, {len(written.texts)} invented, {len(windows.texts)} windows; {DEVICE}", flush=True)
    rated = np.zeros(len(claims))
    for fold in range(FOLDS):
        print(f"without fold {fold + 1} of {FOLDS}:", flush=True)
        network = fit(source, verdicts.without(fold), written, windows.without(fold), args.steps)
        rows = np.flatnonzero(verdicts.folds == fold)
        rated[rows] = network.rate([verdicts.texts[row] for row in rows])
    np.savez_compressed(args.out, rated=rated)
    if args.write:
        print("on all:", flush=True)
        np.savez_compressed(WEIGHTS, **weights_of(fit(source, verdicts, written, windows, args.steps)))  # type: ignore[arg-type]
        note_trained_on(path.stem for path in paths)
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
