"""The same talk under another guid, title and address: compared by a sketch of its words.

A transcript's fingerprint is the k smallest hashes of its word 5-grams (a bottom-k sketch, Cohen & Kaplan 2007): the
share that two sketches have in common estimates the Jaccard similarity of the texts, whatever their length.
"""

import hashlib
from collections.abc import Iterable

from digest_pipeline.models import Segment
from digest_pipeline.words import normalise_words

SKETCH_SIZE = 128
SAME_TALK = 0.6  # estimated Jaccard similarity; two recognitions of one recording stay above, other episodes near 0
HEARD_TALK = 0.08  # between a text and its recognition: 0.19 with one word in five wrong; other episodes up to 0.05
SHINGLE_WORDS = 5


def shingles(text: str, n: int = SHINGLE_WORDS) -> set[int]:
    """64-bit hashes of all word n-grams of a text."""
    return set(hashed_grams(text, n))


def hashed_grams(text: str, n: int) -> list[int]:
    """The hash of the n-gram that begins at each word of a text, in order."""
    words = normalise_words(text)
    grams = (" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    return [int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest()) for gram in grams]


def fingerprint(segments: Iterable[Segment]) -> list[int]:
    """The sketch of a transcript: at most ``SKETCH_SIZE`` hashes, ascending."""
    return sorted(shingles(" ".join(segment.text for segment in segments)))[:SKETCH_SIZE]


def similarity(a: list[int], b: list[int]) -> float:
    """Estimated Jaccard similarity of two sketches, 0..1."""
    union = sorted({*a, *b})[:SKETCH_SIZE]
    both = set(a) & set(b)
    return sum(h in both for h in union) / len(union) if union else 0.0
