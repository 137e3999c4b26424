"""Train the model of sentence borders on punctuated transcripts and write its weights.

    python -m bench.worthiness.boundaries --network http://127.0.0.1:8765 [--write]

Reads every episode of a podcast network, hides case and punctuation, and learns where sentences began. Prints
precision, recall and F1 for shows that the model has not seen (three folds of shows), beside the plain baseline that
cuts before words that often open a sentence.
"""

import argparse
import re
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import scipy.sparse
from sklearn.linear_model import SGDClassifier

from digest_pipeline.claims import sentences
from digest_pipeline.claims.sentences import ABBREVIATION, HASH_BITS, hashed_context, plain_word

WEIGHTS = Path(sentences.__file__).with_name("boundaries.npz")
MAX_WORDS = 12_000  # of an episode, so that no long one outweighs the others
FULL_STOP = re.compile(r"[.?!…][\"”')]*$")
OPENS = {"so", "but", "because", "and", "now", "then", "well", "yeah"}
FOLDS = 3
THRESHOLD = -1.5  # log-odds: best F1 on unseen shows


def read_network(base: str) -> list[tuple[str, list[str], list[bool]]]:
    """(show, words without case and punctuation, whether a sentence begins at each) of every episode."""
    episodes = []
    with httpx.Client(timeout=60, trust_env=False) as client:
        opml = ET.fromstring(client.get(f"{base}/opml").raise_for_status().content)
        for outline in opml.iter("outline"):
            feed = outline.get("xmlUrl")
            if not feed:
                continue
            channel = ET.fromstring(client.get(feed).raise_for_status().content)
            for link in channel.iter("{https://podcastindex.org/namespace/1.0}transcript"):
                url = urljoin(feed, link.get("url", ""))
                if url.endswith(".json"):
                    rows = client.get(url).raise_for_status().json()["segments"]
                    episodes.append((feed, *_words(" ".join(row["body"] for row in rows))))
    return episodes


def _words(text: str) -> tuple[list[str], list[bool]]:
    words, begins, at_start = [], [], True
    for raw in text.split():
        if plain := plain_word(raw):
            words.append(plain)
            begins.append(at_start)
            at_start = bool(FULL_STOP.search(raw)) and not ABBREVIATION.fullmatch(raw)
    return words[:MAX_WORDS], begins[:MAX_WORDS]


def main() -> None:
    """Train, measure on unseen shows, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", required=True, help="base address of a podcast network")
    parser.add_argument("--write", action="store_true", help="write boundaries.npz into the package")
    args = parser.parse_args()
    episodes = read_network(args.network)
    columns = np.vstack([hashed_context(words) for _, words, _ in episodes])
    target = np.concatenate([np.array(begins) for *_, begins in episodes])
    show = np.concatenate([np.full(len(words), name) for name, words, _ in episodes])
    opens = np.concatenate([np.array([word in OPENS for word in words]) for _, words, _ in episodes])
    count, width = columns.shape
    matrix = scipy.sparse.csr_matrix(
        (np.ones(count * width, dtype=np.float32), columns.ravel(), np.arange(0, count * width + 1, width)),
        shape=(count, 1 << HASH_BITS),
    )
    print(f"{len(episodes)} episodes, {count} words, {target.mean():.3f} begin a sentence")
    shows = sorted(set(show.tolist()))
    for fold in range(FOLDS):
        unseen = np.isin(show, shows[fold::FOLDS])
        scores = fit(matrix[~unseen], target[~unseen]).decision_function(matrix[unseen])
        for name, found in (("model", scores > THRESHOLD), ("opening words", opens[unseen])):
            hit = float((found & target[unseen]).sum())
            precision, recall = hit / max(1, found.sum()), hit / target[unseen].sum()
            harmonic = 2 * precision * recall / (precision + recall)
            print(f"fold {fold}: {name:14s} precision {precision:.3f} recall {recall:.3f} F1 {harmonic:.3f}")
    if args.write:
        model = fit(matrix, target)
        weights = model.coef_[0]
        unit = np.abs(weights).max() / 127
        np.savez_compressed(
            WEIGHTS,
            weights=np.round(weights / unit).astype(np.int8),
            unit=np.float32(unit),
            intercept=np.float32(model.intercept_[0] - THRESHOLD),
        )
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")


def fit(matrix: scipy.sparse.csr_matrix, target: np.ndarray) -> SGDClassifier:
    """Logistic regression by averaged stochastic gradient descent."""
    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=4, tol=None, average=True, random_state=0)
    return model.fit(matrix, target)


if __name__ == "__main__":
    main()
