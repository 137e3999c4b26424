"""How a spoken claim is shown: lightly cleaned of disfluency by rules that change no fact. The quote stays verbatim."""

import re
from collections.abc import Sequence

from digest_pipeline.claims.features import dangles

HEADLINE_WORDS = 32

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\[[^\]]{1,40}\]|\((?:laughs?|laughter|chuckles?|crosstalk|inaudible)\)", ""),  # [laughter], [00:12:03]
        (r"(?:^|(?<=[\s,]))(?:u+m+|u+h+|uhm|er+m?|hmm+|mhm)\b[,.…]*\s*", ""),
        (
            r",\s*(?:you know|i mean|like|you see|sort of like)(?=,)",
            "",
        ),  # only between commas: there it carries nothing
        (r"(?:^|(?<=[.!?] ))(?:you know|i mean|like)\s*,\s*", ""),
        (r"\b(\w{1,4})-(?=\1\w*\b)(?! )", ""),  # th-the
        (
            r"\b([\w']+)(?:[,…]?\s+\1\b)+(?![-'])",
            r"\1",
        ),  # the the; not "that that's" or "had had"-like facts with hyphens
        (r"\s*(?:--|—)\s*(?:i mean|you know),?\s*", " - "),
        (r"\.\.\.|…", ","),
        (r",\s*(?=[,.!?])", ""),
        (r"\s+([,.!?;:])", r"\1"),
    )
)
_OPENING = re.compile(
    r"^(?:(?:and|so|but|yeah|yes|right|well|okay|ok|oh|now|anyway|basically|also|no|sure|exactly|absolutely|look|listen)"
    r"(?:,\s*|\.\s+|\s+(?=so\b|and\b|but\b|i\b|the\b|we\b|you\b|if\b|there\b|it|that|what|in\b|a\b|one\b|they|when\b|most\b)))+",
    re.IGNORECASE,
)
# Repetitions that are grammar or emphasis, not stumbling.
_MEANT = frozenset({"had", "that", "very", "really", "many", "much", "more", "so", "long", "far", "no", "bye", "ha"})


def clean(text: str) -> str:
    """Fillers, repeated words and false starts removed, capital at the start, stop at the end.

    Example:
        >>> clean("And, um, the the queue is, you know, longer than the grid")
        'The queue is longer than the grid.'
    """
    cleaned = " ".join(text.split())
    for pattern, replacement in _RULES:
        cleaned = pattern.sub(_keep_meant if replacement == r"\1" else replacement, cleaned)
    cleaned = _OPENING.sub("", " ".join(cleaned.split())).strip(" ,-–—")
    if not cleaned:
        return " ".join(text.split())
    cleaned = cleaned[0].upper() + cleaned[1:]
    return cleaned if cleaned[-1] in ".!?\"”'" else f"{cleaned}."


def _keep_meant(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _MEANT or match[1].isdigit() else match[1]


def headline_and_explanation(sentences: Sequence[str], strengths: Sequence[float]) -> tuple[str, str]:
    """The strongest sentence that stands alone, and the rest of the span.

    Args:
        sentences: of the span, verbatim.
        strengths: worth of each, any scale.

    Returns:
        The headline; and the whole span, cleaned, when the headline is not all of it, else an empty text.
    """
    whole = clean(" ".join(sentences))
    candidates = [clean(sentence) for sentence in sentences]
    standing = [
        i
        for i, text in enumerate(candidates)
        if 7 <= len(text.split()) <= HEADLINE_WORDS and not dangles(text) and not text.endswith("?")
    ]
    if standing:
        best = max(standing, key=lambda i: (strengths[i], -i))
        headline = candidates[best]
    else:
        usable = [text for text in candidates if not text.endswith("?")] or candidates
        headline = usable[0] if len(usable[0].split()) >= 6 else whole
    if len(headline.split()) > HEADLINE_WORDS + 8:
        headline = _shorten(headline)
    return headline, "" if headline == whole else whole


def _shorten(text: str) -> str:
    """The start of a long sentence up to its last clause border within the headline's length, marked as cut."""
    words = text.split()
    head = " ".join(words[:HEADLINE_WORDS])
    border = max(head.rfind(mark) for mark in (",", ";", ":", " - "))
    return f"{head[:border] if border > len(head) // 2 else head} …"
