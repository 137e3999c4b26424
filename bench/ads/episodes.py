"""Labelled episodes in the two views that the flags are measured in, and the written corpus spliced into talk.

Labels are window numbers; the text comes from a podcast network, or from a folder of windows beside their labels. The
*raw* view is what bare speech recognition would give: no speakers, no case, no punctuation, cut every few words
wherever a sentence may be.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import numpy.typing as npt

from digest_pipeline.models import Segment

HERE = Path(__file__).parent
LABELS = HERE.parent / "worthiness" / "labels"
WORDS_PER_SECOND = 2.5
RAW_WORDS = 9  # of a recogniser's segment
GOOD = 2  # a score from which an editor would send a window
Flags = npt.NDArray[np.bool_]
Row = tuple[str | None, str]  # speaker, words


@dataclass(frozen=True)
class Labelled:
    """An episode's windows with their labels."""

    name: str
    rows: list[Row]
    is_ad: Flags
    is_good: Flags

    @property
    def show(self) -> str:
        """The show, as the label's file name has it."""
        return re.sub(r"--.*|-\d+$", "", self.name)


@dataclass(frozen=True)
class View:
    """An episode as segments, each with its label and the windows that its words are of."""

    segments: list[Segment]
    is_ad: Flags
    windows: list[list[int]]


def from_network(bases: Sequence[str]) -> Iterator[Labelled]:
    """Every labelled episode that one of the networks serves; says which none does."""
    for file in sorted(LABELS.glob("*.labels.jsonl")):
        name = file.name.removesuffix(".labels.jsonl")
        show, episode = name.split("--", 1)
        for base in bases:
            answer = httpx.get(f"{base}/{show}/{episode}.json", timeout=60, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                rows = [(row.get("speaker"), row["body"]) for row in answer.json()["segments"]]
                yield _labelled(name, rows, file)
                break
        else:
            print(f"{name}: not on this network")


def from_folder(folder: Path) -> Iterator[Labelled]:
    """NAME.jsonl (windows) with NAME.labels.jsonl."""
    for file in sorted(folder.glob("*.labels.jsonl")):
        name = file.name.removesuffix(".labels.jsonl")
        lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        windows = [json.loads(line) for line in lines if line.strip()]
        yield _labelled(name, [(w.get("speaker"), w["text"]) for w in windows], file)


def _labelled(name: str, rows: list[Row], file: Path) -> Labelled:
    labels = {label["id"]: label for label in map(json.loads, file.read_text(encoding="utf-8").splitlines())}
    is_ad = np.array([bool(labels.get(i, {}).get("ad")) for i in range(len(rows))])
    is_good = np.array([labels.get(i, {}).get("score", 0) >= GOOD for i in range(len(rows))])
    return Labelled(name, rows, is_ad, is_good)


def as_published(rows: Sequence[Row], is_ad: Flags) -> View:
    """The windows as they are, timed at the pace of talk."""
    now, segments = 0.0, []
    for position, (speaker, words) in enumerate(rows):
        end = now + len(words.split()) / WORDS_PER_SECOND
        segments.append(Segment(position, now, end, speaker, words))
        now = end
    return View(segments, is_ad, [[i] for i in range(len(rows))])


def as_recognised(rows: Sequence[Row], is_ad: Flags) -> View:
    """The raw view; a segment is an advertisement if at least half of its words are."""
    words: list[str] = []
    owner: list[int] = []
    for i, (_, text) in enumerate(rows):
        spoken = re.sub(r"[.](?=\s|$)", "", re.sub(r"[^\w\s'/.@%$]", " ", text.lower().replace("’", "'"))).split()
        words += spoken
        owner += [i] * len(spoken)
    cut = range(0, len(words), RAW_WORDS)
    windows = [owner[at : at + RAW_WORDS] for at in cut]
    ads = np.array([np.mean(is_ad[own]) >= 0.5 for own in windows], dtype=bool)
    return View(as_published([(None, " ".join(words[at : at + RAW_WORDS])) for at in cut], ads).segments, ads, windows)


def to_windows(view: View, flagged: Flags, count: int) -> Flags:
    """Flags of windows from flags of segments: at least half of the words."""
    marked, words = np.zeros(count), np.zeros(count)
    for flag, segment, own in zip(flagged, view.segments, view.windows, strict=True):
        share = len(segment.text.split()) / len(own)
        for window in own:
            marked[window] += flag * share
            words[window] += share
    return (words > 0) & (marked >= 0.5 * words)


def written_blocks() -> dict[str, list[list[str]]]:
    """The written corpus: blocks of lines by where they belong."""
    blocks: dict[str, list[list[str]]] = {"open": [], "middle": [], "close": []}
    for paragraph in (HERE / "written.txt").read_text(encoding="utf-8").split("\n\n")[1:]:
        place, *lines = paragraph.strip().split("\n")
        blocks[place].append(lines)
    return blocks


def spliced(
    episode: Labelled, blocks: dict[str, list[list[str]]], dice: random.Random, middles: int
) -> tuple[list[Row], Flags]:
    """An episode with written blocks put into its talk."""
    rows: list[Row] = [(None, text) for _, text in episode.rows]
    is_ad = episode.is_ad.tolist()
    for block in dice.sample(blocks["middle"], middles):
        at = dice.choice([i for i in range(3, len(rows) - 3) if not is_ad[i] and not is_ad[i - 1]])
        rows[at:at], is_ad[at:at] = [(None, line) for line in block], [True] * len(block)
    first, last = dice.choice(blocks["open"]), dice.choice(blocks["close"])
    rows = [*((None, line) for line in first), *rows, *((None, line) for line in last)]
    return rows, np.array([True] * len(first) + is_ad + [True] * len(last))
