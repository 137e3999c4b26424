"""Reader of HTML: paragraphs under the ``cite`` and ``time`` before them, or under what they begin with."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.publisher.formats.markup import CLOCK, clean, seconds
from digest_pipeline.transcripts.publisher.formats.text import read_turns

MARKS = ("cite", "time")
BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "blockquote", "br", "tr", "td", "dt", "dd", "section", "article", "h3", "h4", "body"}
)
# What stands around a ``cite`` and a ``time`` for the eye: brackets, and what parts them from the words.
AROUND = re.compile(r"^\s*[)\]]?\s*[:：]?(?:\s*[-–—|•·](?=\s))?\s*")
# No attribute is needed, and libxml2 compares each of a tag with all that it has.
LONG_TAG = re.compile(r"<([a-zA-Z][^\s/<>]{0,40})[^<>]{2000,}>")
NOT_TALK = (
    *("script", "noscript", "style", "head", "template", "svg", "nav", "header", "footer", "aside"),
    *("form", "button", "select", "textarea", "h1", "h2"),
)


def read_html(page: str) -> Iterator[Cue]:
    """The paragraphs of a page.

    A ``time`` counts where it holds a clock, a ``cite`` where it opens its paragraph: elsewhere both are words of a
    sentence, a date or the title of a book.
    """
    soup = BeautifulSoup(LONG_TAG.sub(r"<\1>", page), "lxml")
    for tag in soup(NOT_TALK):
        tag.decompose()
    speaker: str | None = None
    start: float | None = None
    words = ""
    for kind, content in _pieces(soup):
        clock = clean(content).strip("[]()") if kind == "time" else ""
        is_time = re.fullmatch(CLOCK, clock) is not None
        if kind == "break" or is_time:
            words = AROUND.sub("", words) if speaker or start is not None else words
            if words.strip(" \n\t([|•·–—-"):
                yield from _paragraph(words, speaker, start)
                speaker = start = None
            words = ""
        if is_time:
            start = seconds(clock)
        elif kind == "cite" and not AROUND.sub("", words).strip():
            speaker = clean(content)
        else:
            words += content


def _paragraph(words: str, speaker: str | None, start: float | None) -> Iterator[Cue]:
    if start is not None:
        yield Cue(clean(words), speaker, start)
        return
    first, *others = read_turns(words, has_bare_clocks=True)
    yield replace(first, speaker=speaker or first.speaker)
    yield from others


def _pieces(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """Text, ``cite`` and ``time`` with what is in them, and each border of a paragraph, in the page's order.

    Without recursion: a paragraph that is never closed holds the next one, and pages have thousands.
    """
    waiting: list[Tag | NavigableString | None] = [soup]
    while waiting:
        node = waiting.pop()
        if node is None:
            yield "break", ""
        elif isinstance(node, Tag):
            if node.name in MARKS:
                yield node.name, html.escape(node.get_text(" "), quote=False)
                continue
            is_block = node.name in BLOCKS or node is soup
            if is_block:
                yield "break", ""
                waiting.append(None)
            waiting.extend(reversed([child for child in node.children if isinstance(child, Tag | NavigableString)]))
        elif type(node) is NavigableString:
            yield "text", html.escape(str(node), quote=False)
