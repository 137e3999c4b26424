"""Recognised windows cut into phrases.

A recogniser that decodes in batches returns up to half a minute as one segment. What is flagged, doubted or quoted is
a segment, so it has to be about as long as a sentence: the words' own times say where to cut.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from digest_pipeline.models import Segment

SENTENCE_END = re.compile(r"[.?!…][\"”’')\]]*$")
SHORTEST_WORDS = 3  # "Dr." ends no phrase
LONG_WORDS, LONGEST_WORDS = 25, 40  # talk without full stops is cut after a comma, else anywhere


def phrases_of(segment: Segment) -> Iterator[Segment]:
    """The segment's sentences, each with its own times; the segment itself where its words have none.

    Joined with spaces, the texts of the phrases are the segment's words.
    """
    words, times = segment.text.split(), segment.word_times
    if not times or len(times) != len(words):
        yield segment
        return
    first = 0
    for i, word in enumerate(words):
        count = i + 1 - first
        ends = count >= SHORTEST_WORDS and SENTENCE_END.search(word)
        is_long = count >= LONGEST_WORDS or (count >= LONG_WORDS and word.endswith((",", ";", ":")))
        if ends or is_long or i + 1 == len(words):
            yield replace(
                segment,
                start_seconds=times[first][0],
                end_seconds=max(times[i][1], times[first][0]),
                text=" ".join(words[first : i + 1]),
                word_times=times[first : i + 1],
            )
            first = i + 1
