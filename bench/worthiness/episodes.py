"""Labelled episodes as the pipeline sees them, in three views: as published, and as raw recognition would have them.

``published`` keeps the windows as they are. ``unsplit`` drops the speakers and cuts segments at arbitrary words, as a
recogniser does. ``raw`` drops case and punctuation too.
"""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.models import worthiness
from digest_pipeline.claims.models.worthiness import Scores, design_matrix, embed_sentences, embed_spans
from digest_pipeline.claims.sentences import Punctuator, plain_word
from digest_pipeline.claims.spans import Span, spans_of
from digest_pipeline.claims.turns import Turn, turns_of
from digest_pipeline.encoder import LayeredEmbedder, Vectors
from digest_pipeline.models import Segment
from digest_pipeline.transcripts.ads.flags import flag_ads

TRAINED_ON = Path(worthiness.__file__).with_name("trained_on.txt")
VIEWS = ("published", "unsplit", "raw")
GOOD = 2  # a score from which an editor would send it
SEGMENT_WORDS = {"unsplit": (6, 28), "raw": (5, 16)}
CARRIES = 0.3  # share of a span's words from which a window carries it
WORDS_PER_SECOND = 2.5


@dataclass(frozen=True)
class LabelledEpisode:
    """An episode in one view: its candidate spans and, for each, what the labels of its windows say.

    ``best`` is the highest score among the windows that carry the span; ``mean``, ``contained`` and ``ad`` are averages
    of score, self-containedness and advertisement over its words.
    """

    name: str
    view: str
    windows: int
    turns: list[Turn]
    spans: list[Span]
    vectors: Vectors
    matrix: Vectors
    best: npt.NDArray[np.int64]
    mean: Scores
    contained: Scores
    ad: Scores

    @property
    def show(self) -> str:
        """The show of the episode."""
        return show_of(self.name)


def show_of(name: str) -> str:
    """The show, as an episode's file tells it: ``SHOW--EPISODE``, else the name without its number."""
    show = name.split("--")[0] if "--" in name else name.rpartition("-")[0].replace("-", "")
    return show.removeprefix("changelog-").replace("thechangelog", "podcast")


def read_episodes(
    folders: Sequence[Path], embedder: LayeredEmbedder, punctuator: Punctuator | None
) -> Iterator[LabelledEpisode]:
    """Every labelled episode of the folders in every view; ``embedder`` should remember what it has seen."""
    for windows in labelled_in(folders):
        for view in VIEWS:
            yield _read(windows, view, embedder, punctuator)


def labelled_in(folders: Sequence[Path]) -> list[Path]:
    """The windows of every episode that has labels beside it."""
    found = sorted(w for folder in folders for w in folder.glob("*.jsonl") if w.name.count(".") == 1)
    return [windows for windows in found if windows.with_name(f"{windows.stem}.labels.jsonl").exists()]


def words_in(path: Path, view: str) -> list[str]:
    """The words of the episode in the file ``path``, as ``Span.start_word`` counts them."""
    segments, _ = _segments(read_windows(path), view, seed=path.stem)
    return [word for segment in segments for word in segment.text.split(" ")]


def _read(path: Path, view: str, embedder: LayeredEmbedder, punctuator: Punctuator | None) -> LabelledEpisode:
    windows = read_windows(path)
    segments, window_of_word = _segments(windows, view, seed=path.stem)
    turns = turns_of(flag_ads(segments, set()), punctuator=punctuator)
    spans = list(spans_of(turns))
    of_sentences = embed_sentences(spans, embedder)
    vectors = embed_spans(spans, of_sentences.meaning)
    columns = read_labels(path, len(windows))
    best, means = [], []
    for span in spans:
        of_words = window_of_word[span.start_word : span.start_word + span.words]
        touched, counts = np.unique(of_words, return_counts=True)
        carrying = touched[counts >= CARRIES * span.words]
        best.append(int(max(columns["score"][carrying], default=0)))
        means.append([float(column[of_words].mean()) for column in columns.values()])
    mean, contained, ad = np.array(means).T
    return LabelledEpisode(
        path.stem, view, len(windows), turns, spans, vectors, design_matrix(spans, of_sentences), np.array(best), mean,
        contained, ad,
    )  # fmt: skip


def _segments(
    windows: Sequence[dict[str, Any]], view: str, *, seed: str
) -> tuple[list[Segment], npt.NDArray[np.int64]]:
    """Segments of a view, timed by their words, and the window of each of their words."""
    words = [(word, i) for i, window in enumerate(windows) for word in window["text"].split()]
    if view == "published":
        texts = [(window.get("speaker"), window["text"].split()) for window in windows]
    else:
        if view == "raw":
            words = [(plain, i) for word, i in words if (plain := plain_word(word))]
        texts, at, chance = [], 0, random.Random(seed)  # the same cuts every time
        while at < len(words):
            size = chance.randint(*SEGMENT_WORDS[view])
            texts.append((None, [word for word, _ in words[at : at + size]]))
            at += size
    segments: list[Segment] = []
    now = 0.0
    for speaker, spoken in texts:
        if spoken:
            end = now + len(spoken) / WORDS_PER_SECOND
            segments.append(Segment(len(segments), now, end, speaker, " ".join(spoken)))
            now = end
    return segments, np.array([i for _, i in words])


def read_windows(path: Path) -> list[dict[str, Any]]:
    """The windows of an episode, or the rows of another file of a line each."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_labels(path: Path, windows: int) -> dict[str, Scores]:
    """``score``, ``sc`` and ``ad`` of each window of the episode in the file ``path``."""
    columns = {key: np.zeros(windows) for key in ("score", "sc", "ad")}
    for row in read_windows(path.with_name(f"{path.stem}.labels.jsonl")):
        for key, column in columns.items():
            column[row["id"]] = row[key]
    return columns


def note_trained_on(names: Iterable[str]) -> None:
    """Add to the episodes that some model of the package has seen."""
    known = TRAINED_ON.read_text(encoding="utf-8").split()
    TRAINED_ON.write_text("\n".join(sorted({*known, *names})) + "\n", encoding="utf-8")


class RememberingEmbedder:
    """An embedder that keeps what it has embedded, in a file too when it is given one: views share most sentences."""

    def __init__(self, embedder: LayeredEmbedder, file: Path | None) -> None:
        self._embedder, self._file, self.name = embedder, file, embedder.name
        self._known: dict[str, tuple[Vectors, npt.NDArray[np.float16]]] = {}
        if file and file.exists():
            with np.load(file) as stored:
                both = zip(stored["meaning"], stored["wording"], strict=True)
                self._known = dict(zip(stored["texts"].tolist(), both, strict=True))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``."""
        return self.embed_layers(texts)[0]

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """See ``LayeredEmbedder``; the wording is kept in half precision."""
        new = [text for text in texts if text not in self._known]
        if new:
            meaning, wording = self._embedder.embed_layers(new)
            both = zip(meaning, wording.astype(np.float16), strict=True)
            self._known.update(zip(new, both, strict=True))
        known = [self._known[text] for text in texts]
        return np.stack([m for m, _ in known]), np.stack([w for _, w in known]).astype(np.float32)

    def save(self) -> None:
        """Write the file, if there is one."""
        if self._file:
            meaning, wording = zip(*self._known.values(), strict=True)
            np.savez(
                self._file, texts=np.array(list(self._known)), meaning=np.stack(meaning), wording=np.stack(wording)
            )
