"""Advertisements and boilerplate: each segment that is one gets a reason. Nothing is deleted.

Three kinds of evidence, the surest first: the publisher's chapters name a sponsor; the same words were said in other
episodes of the feed; the language is that of advertising (``model``), whatever the show.
"""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from digest_pipeline.models import Chapter, Segment
from digest_pipeline.transcripts.ads.cues import CUES
from digest_pipeline.transcripts.ads.model import Unit, cue_matrix, load_ad_model, units_of
from digest_pipeline.transcripts.fingerprint import hashed_grams, shingles
from digest_pipeline.words import normalise_words

REPEAT_WORDS = 6
REPEAT_SHARE = 0.5  # of a segment's words that were said in other episodes
RERUN_SHARE = 0.4  # of an episode: then it is a rerun or a best-of, and its words are not boilerplate
LABEL = r"(?:sponsors?|sponsored|ads?|adverts?|advertisements?|promos?|commercials?)"
SPOT = r"(?:break|spot|read|segment|message|block)s?"
# A label that the sponsor's name may follow. A topic may follow the others: "Ads: how Google makes money".
LABEL_OF_ONE = r"(?:sponsors?|sponsored|ad|advert|promo)"
NAME = r"(?:\s*:.+| [-–—|] .+| by .+)"
# The title as a whole is a label: talk about advertising has the words too ("Why search ads are dying").
SPONSOR_CHAPTER = re.compile(
    r"(?:intro (?:&|and) )?(?:an? |the )?(?:quick |short )?"
    r"(?:(?:words?|messages?) from |thanks to |thank you,? (?:to )?|support )?"
    r"(?:our |the |today's |this (?:week|episode)'s |(?:show|episode|podcast) |(?:pre|mid|post)-?roll )*"
    rf"(?:{LABEL}(?:[ -]{SPOT})?(?: ?#?\d+)?[.!]?|{LABEL}[ -]{SPOT}{NAME}"
    rf"|{LABEL_OF_ONE}(?: ?#?\d+)?(?:{NAME}| [(\[].+[)\]]))"
    rf"|.+ [-–—|] {LABEL}|.+[(\[]{LABEL}[)\]]|[(\[]{LABEL}[)\]].+|(?:.* )?brought to you by .+",
    re.IGNORECASE,
)
EDGE_SECONDS = 180.0  # within it of an end of the episode, a greeting is an intro and a farewell an outro
REASONS = {  # what a block is called -> the cues that speak for it
    "sponsor read": ("sponsor", "certain", "offer", "address", "pitch", "break", "action", "spot"),
    "self-promotion": ("support_us", "platform", "patronage", "wares", "handle", "audience", "event"),
    "promotion of another show": ("cross",),
    "appeal": ("appeal",),
    "disclaimer": ("legal", "small_print"),
    "intro": ("opening", "welcome", "teaser"),
    "outro": ("closing", "farewell"),
}


def boilerplate_shingles(texts: Collection[str]) -> set[int]:
    """Word n-grams of a feed's earlier episodes: what a new episode shares with them is boilerplate."""
    return set().union(*(shingles(text, REPEAT_WORDS) for text in texts)) if texts else set()


def flag_ads(
    segments: Sequence[Segment], boilerplate: Collection[int], chapters: Sequence[Chapter] = ()
) -> tuple[Segment, ...]:
    """Mark sponsor reads, self-promotion, intros, outros and repeated text, each with its reason.

    Args:
        segments: of one episode, in order.
        boilerplate: from ``boilerplate_shingles`` of earlier episodes of the same feed.
        chapters: that the publisher cut the episode into.
    """
    reasons: list[str | None] = [None] * len(segments)
    for first, last, reason in _advertising(segments):
        reasons[first : last + 1] = [reason] * (last + 1 - first)
    for i in _repeated(segments, boilerplate):
        reasons[i] = reasons[i] or "repeated in other episodes of the show"
    for start, end, title in _sponsor_chapters(chapters):
        for i, segment in enumerate(segments):
            if start <= (segment.start_seconds + segment.end_seconds) / 2 < end:
                reasons[i] = f"sponsor chapter: {title}"
    return tuple(
        replace(segment, is_ad=reason is not None, ad_reason=reason)
        for segment, reason in zip(segments, reasons, strict=True)
    )


def _advertising(segments: Sequence[Segment]) -> Iterator[tuple[int, int, str]]:
    """First and last segment of each block that the model finds, and what the block is."""
    units = units_of(segments)
    verdicts = load_ad_model().judge(units)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], verdicts.astype(int), [0]])))
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        block = units[first:after]
        yield block[0].first, block[-1].last, _reason(block, segments[-1].end_seconds)


def _reason(block: Sequence[Unit], end: float) -> str:
    names = list(CUES)
    found = cue_matrix(block)[:, : len(names)].sum(0)
    weight = {reason: sum(found[names.index(name)] for name in cues) for reason, cues in REASONS.items()}
    if found[names.index("sponsor")]:
        weight["sponsor read"] *= 3  # whoever pays is named in nothing else
    if block[0].start_seconds > EDGE_SECONDS:
        weight["intro"] = 0.0
    if block[-1].end_seconds < end - EDGE_SECONDS:
        weight["outro"] = 0.0
    return max(weight, key=lambda reason: weight[reason]) if any(weight.values()) else "self-promotion"


def _repeated(segments: Sequence[Segment], boilerplate: Collection[int]) -> Iterator[int]:
    """Segments most of whose words stand in n-grams that other episodes of the feed have too."""
    owner = [i for i, segment in enumerate(segments) for _ in normalise_words(segment.text)]
    grams = hashed_grams(" ".join(segment.text for segment in segments), REPEAT_WORDS)
    again = np.zeros(len(owner), dtype=bool)
    for at, gram in enumerate(grams):
        if gram in boilerplate:
            again[at : at + REPEAT_WORDS] = True
    if not again.any() or again.mean() > RERUN_SHARE:
        return
    words = np.bincount(owner, minlength=len(segments))
    repeated = np.bincount(np.array(owner)[again], minlength=len(segments))
    yield from np.flatnonzero((words > 0) & (repeated >= REPEAT_SHARE * words)).tolist()


def _sponsor_chapters(chapters: Sequence[Chapter]) -> Iterator[tuple[float, float, str]]:
    """Start, end and title of the chapters of sponsors. One without an end ends where the next begins, if one does."""
    ordered = sorted(chapters, key=lambda chapter: chapter.start_seconds)
    for chapter, following in zip(ordered, [*ordered[1:], None], strict=False):
        end = chapter.end_seconds or (following.start_seconds if following else math.inf)
        if SPONSOR_CHAPTER.fullmatch(chapter.title.strip().replace("’", "'")):
            yield chapter.start_seconds, end, chapter.title
