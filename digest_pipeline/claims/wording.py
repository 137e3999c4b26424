"""How a spoken claim is shown: which of its sentences is the headline, and what a stranger can read by itself."""

import re
from collections.abc import Sequence
from functools import lru_cache

from digest_pipeline.claims.cleaning import GAP, clean
from digest_pipeline.claims.models.features import PATTERNS, TRAILING_OFF, dangles

MIN_WORDS, MAX_WORDS = 8, 42  # of a headline
LATER_SENTENCE = 0.8
# Openings that rest on what was said before.
LEANING = re.compile(
    r"^(?:(?:and|but|so|yeah|well|now|also)\W+)*(?:or|then|which|because|therefore|exactly|suppose|imagine|for example|let's say|say you|"
    r"(?:combine|add|take|put|do|compare|couple) (?:that|this|it|those|these|them)|this is (?:why|how|what|where)|"
    r"even (?:better|worse|more)|another (?:reason|thing|one|example)|(?:the|one) (?:other|same|next|second|third)|one (?:is|was|of (?:them|those))|likewise|similarly|either way|that said|on the other hand|"
    r"(?:like|as) (?:you|i|we|he|she) (?:said|say|mentioned)|in (?:this|that) \w+|(?:her|his|their|its|my|our) \w+|"
    r"by the way|in the process\b|(?:some|others|both|none|neither) (?:in|of (?:it|them|those|these)|are|were|do|did|have)\b|"
    r"(?:makes sense|fair enough|agreed|same here)\b|speaking of|(?:a )?(?:fun fact|little (?:bit of )?(?:a )?(?:history|background)|quick aside|side note)|"
    r"i (?:think|believe|guess|feel like|guarantee you|would say) (?:that's|that (?:is|was)|it|it's|this|they|they're|he|she|those|these)\b|"
    r"the (?:\w+ )?(?:problem|thing|point|reason|question|issue|trick|idea|goal) (?:is|was)(?: that)?(?: right now)? "
    r"(?:it|it's|they|they're|he|he's|she|she's|this|that's)\b|"
    r"[^,]{1,60}, (?:that|this)(?:'s| is| was)\b|(?:even if|if|when|because|although|since) (?:he|she|they|it)\b|"
    r"especially\b|vice versa\b|(?:point in case|case in point)\b|"
    r"the answer (?:is|was)\b|going back to|to (?:answer|your) |(?:i'll|let me) (?:give|tell|show) you|"
    r"(?:what|how|why|when|where) (?:it|they|he|she|that|this)\b|[\"“'])",
    re.IGNORECASE,
)
# A condition without what follows from it, and talk that is acted out: no sentence that claims.
HALF_SENTENCE = re.compile(
    r"^(?:if|when|unless|although|though|while|whereas|because|since|even if|whether|instead of|rather than|despite|given)\b"
    r"(?!.*(?:,|;| -) (?!(?:which|who|that|where|and|or|because|like|so that|with)\b)\w)|\blike,? [\"“]"
    r"|\b(?:i'm|you're|we're|they're|i was|it's) like,|[\"“](?:look|well|oh|hey|ah|okay|so|i|we)\b"
    r"|^the more\b(?!.*\bthe (?:more|less|better|worse|fewer|\w+er)\b)",
    re.IGNORECASE,
)
# A question that lost its mark.
ASKS = re.compile(
    r"^(?:what (?:if|about)|(?:why|how) (?:do|does|did|is|are|was|were|would|should|can|could|not|come)|"
    r"(?:do|did|are|can|could|would|have) you|is (?:it|that|there|this)|how (?:much|many|long|often)|tell (?:us|me)|imagine)\b",
    re.IGNORECASE,
)
NOT_ALONE, OPEN_QUOTATION = 0.4, 0.6
FREE_POINTING = 0.12  # of a headline's words; more "you", "it" and "that", and it names nothing
FREE_FIRST_PERSON = 0.03  # a little "I think" is how people claim; much of it is a story
STUMBLES = re.compile(
    r" -- |--$|\.\.\.|…|\b(?:i mean|you know|or something|or whatever|whatever|and stuff|i don't know|i may be wrong|not sure|"
    r"kind of|sort of|kinda|like,|anyway|it's like|(?:was|were|am|are|'m|'re) like|just like|u[hm]+)\b",
    re.IGNORECASE,
)
POINTING = re.compile(
    r"\b(?:the (?:small|big|large|other|first|second|new|old|same|latter|former) ones?|a (?:\w+ )?(?:big|huge|good|great|hard|tough) one|that one|this one|those ones|of it|this exact|they say|"
    r"this (?:article|story|post|book|paper|chart|slide|headline|tweet|episode|example|list|quote|person|company|project|tool))\b",
    re.IGNORECASE,
)
ENDS_POINTING = re.compile(
    r"\b(?:that|this|there|those|these|but still|and so on|, too)\W*$|\b(?:at|about|with|for|like) (?:this|that)(?=,| and\b| but\b)",
    re.IGNORECASE,
)
# "These nets" may be explained in the same sentence, or by nothing at all.
POINTS_AT_THINGS = re.compile(
    r"^(?:\S+ ){0,7}(?:these|those|this) (?!days?\b|who\b|years?\b|week\b|month\b|decade\b|century\b|way\b|kinds?\b|sorts?\b|types?\b|"
    r"is\b|are\b|was\b|were\b|of\b|that\b)[a-z]",
    re.IGNORECASE,
)
PERHAPS_UNNAMED = 0.75
CLAUSE_BORDER = re.compile(r"[,;:](?=\s)| - ")  # no comma inside a number

MARK = re.compile(r"[.,;:?!](?:\s|$)")


def headline_and_explanation(sentences: Sequence[str], strengths: Sequence[float]) -> tuple[str, str]:
    """A span ``worded`` under the strongest of its sentences that stand alone.

    A later sentence leans on the ones before it more than it shows, so the first has an advantage. What breaks off
    after it explains nothing, and stands in the quote alone.

    Args:
        sentences: of the span, verbatim.
        strengths: worth of each, not below 0.
    """
    cleaned = [clean(sentence) for sentence in sentences]
    standing = [i for i, sentence in enumerate(sentences) if stands_alone(sentence)]
    if not standing:
        statements = [i for i, text in enumerate(cleaned) if len(text.split()) >= MIN_WORDS and not text.endswith("?")]
        standing = statements[:1] or [0]

    def merit(i: int) -> float:
        return strengths[i] * plainness(cleaned[i], sentences[i]) * (1.0 if i == 0 else LATER_SENTENCE)

    chosen = max(standing, key=lambda i: (merit(i), -i))
    end = len(sentences)
    while end > chosen + 1 and sentences[end - 1].endswith((",", ";", ":")):
        end -= 1
    return worded(sentences[:end], chosen)


def worded(sentences: Sequence[str], chosen: int) -> tuple[str, str]:
    """A span as it is shown: its sentence ``chosen``, cleaned, as the headline; and what it says besides, cleaned, with
    what is left of a headline that had to be cut.
    """
    headline, left = _cut(clean(sentences[chosen]))
    if left or not is_whole(sentences[chosen]):
        headline = f"{headline.rstrip(' .')} …"
    before, after = " ".join(sentences[:chosen]), " ".join(sentences[chosen + 1 :])
    parts = [clean(before)] if before else []
    if left:
        parts = parts or [""]  # the explanation begins with the mark of the cut
        after = f"{left} {clean(after, follows=True)}" if after else left
    elif after:
        after = clean(after, follows=True)
    return headline, " … ".join([*parts, after] if after else parts).lstrip()


def as_said(sentences: Sequence[str]) -> tuple[str, str]:
    """A span under its first sentence, in the speaker's own words: the rules know English, and "um" is a German word."""
    first, *others = (" ".join(sentence.split()) for sentence in sentences)
    headline, left = _cut(first)
    if left:
        headline, others = f"{headline} …", [f"… {left}", *others]
    return headline, " ".join(others)


@lru_cache(maxsize=1 << 12)  # a span is asked for its headline and whether it has one, and shares sentences with others
def stands_alone(sentence: str) -> bool:
    """Whether a sentence makes a headline: of a readable length, no question, whole, all of it made out, and pointing
    at nothing before it.
    """
    text = clean(sentence)
    fits = MIN_WORDS <= len(text.split()) <= MAX_WORDS and "?" not in text
    return (
        fits
        and is_whole(sentence)
        and GAP not in text
        and text.count("(") == text.count(")")
        and not ASKS.match(text)
        and not dangles(text)
        and not LEANING.match(sentence)
        and not POINTING.search(text)
        and not ENDS_POINTING.search(text)
        and not HALF_SENTENCE.search(text)
    )


def is_whole(sentence: str) -> bool:
    """Whether a sentence is no piece of a longer one: it does not trail off, opens no quotation that it does not close,
    and where capitals or marks are written, neither begins without a capital nor ends without a stop.
    """
    is_written = not sentence.islower() or MARK.search(sentence)  # else it is raw recognition
    ends = not (sentence[-1:].isalnum() or sentence[-1:] in ",:;")
    is_open = sentence.count('"') % 2 or sentence.count("“") != sentence.count("”")
    breaks_off = TRAILING_OFF.search(sentence.rstrip("\"”'’")) or is_open
    return not breaks_off and not (is_written and (sentence.split()[0].islower() or not ends))


def plainness(headline: str, quote: str) -> float:
    """How plainly a claim is put, 0..1, by rules: its headline stands alone, nobody stumbles, and it tells no story."""
    words = max(1, len(quote.split()))
    value = 1.0 if stands_alone(headline) else NOT_ALONE
    if POINTS_AT_THINGS.search(headline):
        value *= PERHAPS_UNNAMED
    if quote.count('"') % 2 or quote.count("“") != quote.count("”"):
        value *= OPEN_QUOTATION
    value *= 1 - min(0.6, 6.0 * len(STUMBLES.findall(quote)) / words)
    pointing = sum(len(PATTERNS[name].findall(headline)) for name in ("second_person", "third_pronoun"))
    value *= 1 - min(0.5, 4.0 * max(0.0, pointing / max(1, len(headline.split())) - FREE_POINTING))
    about_oneself = len(PATTERNS["first_person"].findall(quote)) / words
    return value * (1 - min(0.5, 4.0 * max(0.0, about_oneself - FREE_FIRST_PERSON)))


def _cut(text: str) -> tuple[str, str]:
    """A sentence up to its last clause border within the headline's length, and what is left of it."""
    words = text.split()
    if len(words) <= MAX_WORDS:
        return text, ""
    head = " ".join(words[:MAX_WORDS])
    border = max((match.start() for match in CLAUSE_BORDER.finditer(head)), default=0)
    end = border if border > len(head) // 2 else len(head)
    return head[:end], text[end:].lstrip(" ,;:-")
