"""Talk lightly cleaned of disfluency, by rules that change no fact. The quote of a claim stays verbatim."""

import re

# Words that grammar does not let stand twice.
_TWICE_STUMBLES = (
    "a|an|the|and|of|to|for|with|from|at|in(?! in order)|if|because|i|you|we|they|he|she|my|your|our|their|his|i'm|i've|i'd|i'll|"
    "it's|that's|you're|you've|you'll|we're|we've|we'll|they're|they've|he's|she's|there's|can|will|would|could|should|might|have|are|were|"
    "where|which|some|but|just|when|how|who|than|as|or|this|these|those|both|every|any"
)
_COUNTS = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty|hundred|thousand|million|not|no|\d\S*)\b"
_PREFIXES = "re|co|pre|de|un|non|bi|mis|dis|in"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # [laughter], (crosstalk 00:12:03), [00:12]; other brackets are words that an editor put in, and stay
        (
            (
                r"[\[(](?:(?:laugh(?:s|ter|ing)?|chuckles?|cross ?talk|inaudible|unintelligible|music|applause|sighs?|pause|"
                r"clears throat|removed sponsor segment)[^\])]{0,20}|(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\.\d+)?)[\])]"
            ),
            "",
        ),
        # not "ER visits", nor "the ERM"
        (r"(?:^|(?<=[\s,]))(?-i:[Uu]+m+|[Uu]+h+|[Uu]hm|[Ee]r+m?|[Hh]mm+|[Mm]hm)\b[,.…]*\s*", ""),
        (
            r",\s*(?:you know|i mean|like|you see)\s*,",
            "",
        ),  # only between commas: there it carries nothing
        (r"(?:^|(?<=[.!?] ))(?:you know|i mean|like)\s*,\s*", ""),
        (rf"\b(?!(?:{_PREFIXES})-)(\w{{1,4}})-(?=\1\w*\b)(?! )", ""),  # th-the, but re-read
        (r"(?<!\w)[_*]{1,3}(?=\S)([^_*]{1,80}?)(?<=\S)[_*]{1,3}(?!\w)", r"\g<1>"),  # emphasis in Markdown
        (r",\s*(?:right|okay|ok|you know|yeah|huh)\?(?=\s|$)", "."),  # the speaker asks for a nod, not for an answer
        (r"\(\s*\)", ""),  # a link without its address
        # the the, the, the; you can you can. Any other word is said again for its sake: not not, twenty twenty, is is
        (rf"\b({_TWICE_STUMBLES})(?:[,…]?\s+\1\b)+(?![-'])", r"\1"),
        (r"(?:^|(?<=, ))(it)(?:,?\s+\1\b)+(?![-'])", r"\1"),
        (r"(?<!\bit )(?<!\bthat )(?<!\bthis )\b(is)(?:,?\s+\1\b)+", r"\1"),  # but "what it is is hard"
        (
            rf"\b((?:{_TWICE_STUMBLES}|it|it's|is|was|that|this|there) (?!{_COUNTS})[\w']+(?: (?!{_COUNTS})[\w']+){{0,2}}),? \1\b",
            r"\1",
        ),
        (r"(?:^|\s)>+(?=\s|$)", " "),  # quotation marks of Markdown in a publisher's transcript
        (r"\s*(?:--|—)\s*(?:i mean|you know),?\s*", " - "),
        (r"(?:\.\.\.|…)(?=\s+(?-i:[A-Z]))", "."),
        (r"\.\.\.|…", ","),
        (r",\s*(?=[,.!?])", ""),
        (r"\s+([,.!?;:])", r"\1"),
    )
)
# Words that open a sentence of talk and carry nothing. Some do only where a comma or full stop follows: "no one", "like a
# bank" and "right now" mean something; some also where a clause does: "well we know", not "well over half".
# The words of contrast and cause do carry something after another sentence.
_CLAUSE = (
    r"(?=\s+(?:i|we|you|he|she|it|they|the|this|that|these|those|there|my|our|your|their|his|some|most|all|people|nobody|"
    r"everybody|an?|if|when|because|as|what|how|why|who|where|just|maybe|let|(?:i|we|you|he|she|it|they|there|that|let)'\w+)\b)"
)
_LINKS = rf"but(?! for (?:the|an?|his|her|this|these)\b)|(?:again|actually|because|then){_CLAUSE}"
_LINKS_APART = r"however|again|actually|"
# What is said only to say that something will be said: "One important thing here is that". Not "the problem is that".
_FRAME = (
    r"(?:the|one) (?:(?:important|interesting|key|main|big|basic|fundamental|simple|first|other) )*"
    r"(?:thing|reality|fact|truth|point|first)(?: of the matter| here| though)? is,? that"
)
_OPENS = (
    rf"^(?:(?:and|so(?! (?:far|much|many|long|called|that)\b)|basically|essentially|oh|um|in other words|"
    rf"now(?! (?:that|is|was|or|and|more|than)\b)|(?:well|of course|obviously){_CLAUSE}{{links}})(?:\s*[,.]\s*|\s+(?=\w))"
    r"|(?:{apart}now|well|of course|obviously|anyway|yeah|yes|right|okay|ok|no(?!\.\s*\d)|sure|exactly|absolutely|look|listen|like|"
    r"also|in fact|i mean|you know|to be honest|honestly|first of all|firstly|"
    r"at the end of the day|the thing is)\s*[,.]\s*"
    rf"|(?:{_FRAME}|it turns out,? that)\s+)+"
)
_OPENING = re.compile(_OPENS.format(links=f"|{_LINKS}", apart=_LINKS_APART), re.IGNORECASE)
_HEDGED_FRAME = re.compile(rf"^((?:i|we) (?:think|believe|feel|guess|suppose) )(?:that )?{_FRAME}\s+", re.IGNORECASE)
_FOLLOWING = re.compile(_OPENS.format(links="", apart=""), re.IGNORECASE)


def clean(text: str, *, follows: bool = False) -> str:
    """Fillers, repeated words and false starts removed, capital at the start, stop at the end.

    A text that ``follows`` another keeps the opening that links them: "But", "However", "Because".

    Example:
        >>> clean("And, um, the the queue is, you know, longer than the grid")
        'The queue is longer than the grid.'
    """
    cleaned = " ".join(text.split())
    for pattern, replacement in _RULES:
        cleaned = pattern.sub(replacement, cleaned)
    opening = _FOLLOWING if follows else _OPENING
    cleaned = opening.sub("", " ".join(cleaned.split())).strip(" ,-–—")
    cleaned = _HEDGED_FRAME.sub(r"\1", cleaned)
    if not cleaned:
        return " ".join(text.split())
    cleaned = cleaned[0].upper() + cleaned[1:]
    return cleaned if cleaned[-1] in ".!?\"”'" else f"{cleaned}."
