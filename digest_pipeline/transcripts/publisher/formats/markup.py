"""What the formats share: how they write times, and the markup that may stand in their text."""

import html
import re

from digest_pipeline.words import readable

# Behind a third colon stand frames of a picture: how many of them make a second, nothing says.
CLOCK = r"(?:\d{1,2}:\d\d:\d\d[:;]\d\d|(?:\d{1,2}:)?\d{1,3}:\d\d(?:[.,]\d+)?)"
TO = " ?(?:-->|→|[-–—]) ?"  # between two of them
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d\d:[\d:.]+>|\{\\[^{}]*\}")
# Soft hyphens, spaces without width, marks of direction, joiners of words: they stand in the way of names and searches.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

# Of Markdown what people write in any format: marks of a block quote, also where its lines were joined, and emphasis.
# https://spec.commonmark.org/0.31.2/#block-quotes
QUOTED = re.compile(r"^(?:>(?: |$))+(?:- )?|(?<=[.!?…:”\"] )(?:> )+(?:- )?(?!\d)|(?<=[^\s>] )(?:> )+- (?!\d)")
# Between single stars stand sounds ("*laughs*"), and what is strong and ends with a colon may say who speaks.
EMPHASIS = re.compile(r"(?<!\w)(?:_([^\s_](?:[^_\n]*[^\s_])?)_(?!\w)|\*\*([^\s*](?:[^*\n]*[^\s*:：])?)\*\*(?![\w:：]))")


def clean(text: str) -> str:
    """Markup, entities, control characters and invisible ones removed, white space folded but for line breaks.

    It is escaped where it is shown.

    Example:
        >>> clean("&gt; &gt; It <i>is</i> _so_. &gt; x > 5,\\n>> Ann: a_b_c")
        'It is so. x > 5,\\n>> Ann: a_b_c'
    """
    plain = INVISIBLE.sub("", readable(html.unescape(TAG.sub(" ", text))))
    folded = (EMPHASIS.sub(r"\1\2", QUOTED.sub("", " ".join(line.split()))) for line in plain.split("\n"))
    return "\n".join(line for line in folded if line)


def seconds(clock: str) -> float:
    """``1:02:03.5``, ``1:02:03:12``, ``62:03`` or ``2:03`` as seconds."""
    total = 0.0
    for part in re.split("[:;]", clock.replace(",", "."))[:3]:
        total = total * 60 + float(part)
    return total
