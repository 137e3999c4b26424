"""Labelled episodes: windows of talk that people judged, and the insights that they would have picked.

A folder holds, for an episode NAME: ``NAME.jsonl``, a window a line (``speaker``, ``text``); ``NAME.labels.jsonl``
(``id``: the window's line, from 0; ``score`` 0..3; ``sc``: it stands alone; ``ad``; what is not listed has 0); and
perhaps ``NAME.gold.jsonl``, an insight a line with the ``windows`` that bear it. ``bench/worthiness`` has the same.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest_pipeline.errors import DigestError
from digest_pipeline.models import Segment

WORDS_PER_SECOND = 2.5  # labels carry no times
SCORES = range(4)  # from nothing to send to the best


@dataclass(frozen=True)
class LabelledEpisode:
    """Windows in the order of the talk, each with its label; ``gold`` are the windows of each insight."""

    name: str
    texts: tuple[str, ...]
    speakers: tuple[str | None, ...]
    scores: tuple[int, ...]
    stand_alone: tuple[bool, ...]
    ads: tuple[bool, ...]
    gold: tuple[frozenset[int], ...]

    def segments(self) -> list[Segment]:
        """The windows as segments of a transcript, timed by their words."""
        made, now = [], 0.0
        for position, (text, speaker) in enumerate(zip(self.texts, self.speakers, strict=True)):
            end = now + max(1, len(text.split())) / WORDS_PER_SECOND
            made.append(Segment(position, now, end, speaker, text))
            now = end
        return made


def read_labels(folder: Path) -> list[LabelledEpisode]:
    """Every labelled episode of a folder, by name.

    Raises:
        DigestError: there is none, or a file is not what the format says.
    """
    names = sorted(path.name.removesuffix(".labels.jsonl") for path in folder.glob("*.labels.jsonl"))
    if not names:
        raise DigestError(f"there are no labelled episodes in {folder}", remedy="name a folder with *.labels.jsonl")
    return [_read(folder, name) for name in names]


def _read(folder: Path, name: str) -> LabelledEpisode:
    try:
        windows = read_lines(folder / f"{name}.jsonl")
        labels = {row["id"]: row for row in read_lines(folder / f"{name}.labels.jsonl")}
        gold = folder / f"{name}.gold.jsonl"
        if unknown := sorted(set(labels) - set(range(len(windows)))):
            raise DigestError(f"{name}.labels.jsonl judges window {unknown[0]}, which {name}.jsonl does not have")
        judged = [labels.get(number, {}) for number in range(len(windows))]
        return LabelledEpisode(
            name,
            tuple(str(window["text"]) for window in windows),
            tuple(window.get("speaker") for window in windows),
            tuple(_score(row) for row in judged),
            tuple(bool(row.get("sc")) for row in judged),
            tuple(bool(row.get("ad")) for row in judged),
            tuple(frozenset(row["windows"]) for row in read_lines(gold)) if gold.exists() else (),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DigestError(
            f"the labels of {name} in {folder} cannot be read: {error!r}",
            remedy=f"compare {name}.jsonl, {name}.labels.jsonl and {name}.gold.jsonl with docs/scoring.md",
        ) from error


def _score(label: dict[str, Any]) -> int:
    score = float(label.get("score", 0))
    if score not in SCORES:
        raise ValueError(f"window {label['id']} has the score {label['score']}, which is none of 0, 1, 2, 3")
    return int(score)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as lines:  # splitlines would cut at Unicode's other line ends, which talk may hold
        return [json.loads(line) for line in lines if line.strip()]
