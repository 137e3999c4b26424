"""What the formats share: how they write times, and the markup that may stand in their text."""

import html
import re

from digest_pipeline.words import readable

# Behind a third colon stand frames of a picture: how many of them make a second, nothing says.
CLOCK = r"(?:\d{1,2}:\d\d:\d\d[:;]\d\d|(?:\d{1,2}:)?\d{1,3}:\d\d(?:[.,]\d+)?)"
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d\d:[\d:.]+>|\{\\[^{}]*\}")


def clean(text: str) -> str:
    """Markup, entities and control characters removed, white space folded but for line breaks.

    It is escaped where it is shown.
    """
    plain = readable(html.unescape(TAG.sub(" ", text))).replace("\u200b", "").replace("\ufeff", "")
    return "\n".join(folded for line in plain.split("\n") if (folded := " ".join(line.split())))


def seconds(clock: str) -> float:
    """``1:02:03.5``, ``1:02:03:12``, ``62:03`` or ``2:03`` as seconds."""
    total = 0.0
    for part in re.split("[:;]", clock.replace(",", "."))[:3]:
        total = total * 60 + float(part)
    return total
