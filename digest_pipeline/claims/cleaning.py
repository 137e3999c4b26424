"""Talk lightly cleaned of disfluency, by rules that change no fact. The quote of a claim stays verbatim."""

import re

# Words that grammar does not let stand twice, and of them those that do not end a clause: across a comma the others may
# be of two clauses. "I promise you, you don't", "locks you in, in practice".
_TWICE_ACROSS = (
    "a|an|the|and|if|because|i|we|they|he|she|my|your|our|their|his|i'm|i've|i'd|i'll|it's|that's|you're|you've|you'll|"
    "we're|we've|we'll|they're|they've|he's|she's|there's|but|just|when|or|every"
)
_TWICE_STUMBLES = (
    f"{_TWICE_ACROSS}|of|to|for|with|from|at|in(?! in order)|you|can|will|would|could|should|might|are|were|"
    "where|which|some|how|who|than|as|this|these|those|both|any"
)
_NUMBERS = r"one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty|hundred|thousand|million|\d\S*"
_COUNTS = rf"(?:{_NUMBERS}|not|no)\b"
_CORRECTS = rf",?\s*\$?(?:{_NUMBERS})\b"  # "five, I mean, fifteen million"
_PREFIXES = "re|co|pre|de|un|no|non|bi|mis|dis|in|ex|e|pro|sub"
_STOP = r"\.(?!\w)"  # not the one of ".io" and ".NET"
GAP = "[…]"  # words that nobody could make out; whoever reads has to know that some are missing
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\\?[\[(](?:inaudible|unintelligible|indiscernible)[^\])]{0,20}[\])]", GAP),
        # [laughter], (crosstalk 00:12:03), [00:12]; other brackets are words that an editor put in, and stay
        (
            (
                r"\\?[\[(](?:(?:laugh(?:s|ter|ing)?|chuckles?|cross ?talk|music|applause|sighs?|pause|"
                r"clears throat|removed sponsor segment)[^\])]{0,20}|(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\.\d+)?\\?)[\])]"
            ),
            "",
        ),
        # not "ER visits", nor "the ERM", nor "to err"
        (r"(?:^|(?<=[\s,]))(?-i:[Uu]+m+|[Uu]+h+|[Uu]hm|[Ee]rm?|[Hh]mm+|[Mm]hm)\b(?!-\w)[,.…]*\s*", ""),
        (
            rf",\s*(?:you know|i mean(?!{_CORRECTS})|like|you see)\s*,",
            "",
        ),  # only between commas: there it carries nothing
        (r"(?:^|(?<=[.!?] ))(?:you know|i mean|like)\s*,\s*", ""),
        # th-the and W-we, but re-read, no-nonsense, 10-100, one-on-one, win-win; nor D-Day and C-corp
        (rf"(?<![\w-])(?-i:(?!(?:{_PREFIXES})-)([a-z]{{1,3}})-(?:\1-)*(?=\1[a-z]))", ""),
        (rf"(?<![\w-])([a-z]{{1,2}})-(?:\1-)*(?=\1)(?=(?:{_TWICE_STUMBLES})\b)", ""),
        (r"(?<!\w)[_*]{1,3}(?=\S)([^_*]{1,80}?)(?<=\S)[_*]{1,3}(?!\w)", r"\g<1>"),  # emphasis in Markdown
        (r",\s*(?:right|okay|ok|you know|yeah|huh)\?(?=\s|$)", "."),  # the speaker asks for a nod, not for an answer
        (r"\(\s*\)", ""),  # a link without its address
        # the the, the, the; you can you can. Any other word is said again for its sake: not not, twenty twenty, is is
        (rf"\b({_TWICE_ACROSS})(?:,\s+\1\b)+(?![-'])", r"\1"),
        (rf"(?:^|(?<=[,.;:] ))({_TWICE_STUMBLES})(?:,\s+\1\b)+(?![-'])", r"\1"),  # a clause of this word alone is none
        (rf"\b({_TWICE_STUMBLES})(?:…?\s+\1\b)+(?![-'])", r"\1"),
        (rf"(?<![\w-])({_TWICE_STUMBLES})(?:-\1\b)+(?![-'])", r"\1"),  # the-the
        (r"(?:^|(?<=, ))(it)(?:,?\s+\1\b)+(?![-'])", r"\1"),
        # but "what it is is hard" and "the question is, is it hard?"
        (r"(?<!\bit )(?<!\bthat )(?<!\bthis )\b(is)(?:,?\s+\1\b(?!\s(?:it|there|he|she|this|the|an?)\b))+", r"\1"),
        (  # but "when it's gone it's gone"
            rf"(?<!\bif )(?<!\bwhen )(?<!\bonce )(?<!\bwhat )(?<!ever )(?<!\bas )\b((?!the (?:more|less)\b)(?:{_TWICE_STUMBLES}|have|it|it's|is|was|that|this|there) (?!{_COUNTS})[\w']+(?: (?!{_COUNTS})[\w']+){{0,2}}),? \1\b",
            r"\1",
        ),
        (r"(?:^|\s)>+(?=\s|$)", " "),  # quotation marks of Markdown in a publisher's transcript
        (rf"\s*(?:--|—)\s*(?:i mean(?!{_CORRECTS})|you know),?\s*", " - "),
        (r"(?:\.\.\.|(?<!\[)…)(?=\s+(?-i:[A-Z]))", "."),
        (r"\.\.\.|(?<!\[)…", ","),
        (rf",\s*(?=[,!?]|{_STOP})", ""),
        (rf"\s+([,!?;:]|{_STOP})", r"\1"),
    )
)
# Words that open a sentence of talk and carry nothing. Some do only where a comma or full stop follows: "no one", "like a
# bank" and "right now" mean something; some also where a clause does: "well we know", not "well over half".
# The words of contrast and cause do carry something after another sentence.
_CLAUSE = (
    r"(?=\s+(?:i|we|you|he|she|it|they|the|this|that|these|those|there|my|our|your|their|his|some|most|all|people|nobody|"
    r"everybody|an?|if|when|because|as|what|how|why|who|where|just|maybe|let|(?:i|we|you|he|she|it|they|there|that|let)'\w+)\b)"
)
# "Because" alone answers a question; before a comma it says why what follows is so.
_LINKS = rf"but(?! for (?:the|an?|his|her|this|these)\b)|(?:again|actually|then){_CLAUSE}|because(?![^.!?]*,){_CLAUSE}"
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
_EDGES = re.compile(r"^(?:[ ,–—]|-(?!\d))+|[ ,:;–—-]+$")  # but not the sign of "-5 percent"
_MIXED = re.compile(r"[a-z]+[A-Z]")  # iPhone, eBPF
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
    cleaned = _EDGES.sub("", opening.sub("", " ".join(cleaned.split())))
    cleaned = _HEDGED_FRAME.sub(r"\1", cleaned)
    if not cleaned:
        return " ".join(text.split())
    if not _MIXED.match(cleaned):
        cleaned = cleaned[0].upper() + cleaned[1:]
    return cleaned if cleaned[-1] in ".!?\"”'" else f"{cleaned}."
