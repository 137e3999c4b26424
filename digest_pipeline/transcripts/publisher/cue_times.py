"""The times of cues: which are to be trusted, and what stands where none is."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from digest_pipeline.transcripts.publisher.cues import WORDS_PER_SECOND, Cue
from digest_pipeline.words import count_words

MIN_IN_ORDER = 0.8  # of the times: where fewer agree on an order, as in two parts that both begin at 0:00, none counts


def trusted(cues: Sequence[Cue]) -> list[Cue]:
    """Cues without the times that contradict the others: what is left never runs backwards."""
    known = [i for i, cue in enumerate(cues) if cue.start is not None]
    in_order = {known[i] for i in _longest_rise([cues[i].start or 0.0 for i in known])}
    if len(in_order) < MIN_IN_ORDER * len(known):
        in_order = set()
    return [cue if i in in_order else replace(cue, start=None, end=None) for i, cue in enumerate(cues)]


def with_times(cues: Sequence[Cue], duration_seconds: float | None) -> list[Cue]:
    """Fill in missing times: words are laid evenly between the known ones, and over the episode where none is known.

    A transcript without any end is stretched to ``duration_seconds`` when that is known, else laid out at the pace of
    talk. Known times must not run backwards.
    """
    words = [max(1, count_words(cue.text)) for cue in cues]
    starts = [cue.start for cue in cues]
    if cues and starts[0] is None:
        starts[0] = 0.0
    anchors = [i for i, start in enumerate(starts) if start is not None]
    timed: list[Cue] = []
    for first, following in pairwise([*anchors, len(cues)]):
        begin, total = starts[first] or 0.0, sum(words[first:following])
        until = starts[following] if following < len(cues) else None
        if until is None:
            until = begin + total / WORDS_PER_SECOND
            if duration_seconds and len(anchors) == 1 and duration_seconds > begin:
                until = duration_seconds
        for cue, count in zip(cues[first:following], words[first:following], strict=True):
            end = begin + (until - begin) * count / max(1, total)
            has_end = cue.end is not None and cue.start == begin < cue.end
            timed.append(replace(cue, start=begin, end=cue.end if has_end else end))
            begin, total = end, total - count
    return timed


def _longest_rise(values: Sequence[float]) -> list[int]:
    """Where the longest run of values stands that never falls, others being left out (Schensted 1961)."""
    lasts: list[float] = []  # the smallest value with which a run of each length can end
    places: list[int] = []  # and where it stands
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect_right(lasts, value)
        before.append(places[length - 1] if length else -1)
        lasts[length : length + 1], places[length : length + 1] = [value], [place]
    run, place = [], places[-1] if places else -1
    while place >= 0:
        run.append(place)
        place = before[place]
    return run[::-1]
