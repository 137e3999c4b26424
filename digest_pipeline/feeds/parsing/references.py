"""References and ampersands that XML does not know, in documents that are full of them all the same.

libxml2 mends them by leaving them out, with what stands around them: of ``Q&A`` it makes ``Q``, and after one
``&nbsp;`` it drops every ``&amp;`` of the document.
"""

import re
from html.entities import html5

# References to the halves of a UTF-16 pair, as faulty serializers write an emoji. No parser takes them (XML 1.0, 2.2).
SURROGATES = re.compile(rb"(?:&(?:amp;)?#(?:5[5-7]\d{3}|x[dD][89a-fA-F][0-9a-fA-F]{2});)+")
# What is no reference of XML's own, where it is no plain text either.
FOREIGN = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(?:(\w{2,31});)?",
    re.DOTALL,
)


def with_whole_characters(body: bytes) -> bytes:
    """The document with references to halves of characters joined; a half without its other says nothing."""
    return SURROGATES.sub(_joined, body)


def with_known_references(body: bytes) -> bytes:
    """The document with HTML's names of characters as their numbers, and other ampersands as what they are.

    One that makes names of its own means what it says, and is no help to read.
    """
    has_other_bytes = b"\0" in body[:4] or b"\x1b" in body  # UTF-16, UTF-32, ISO 2022: "&" may be half of a letter
    if has_other_bytes or b"<!ENTITY" in body:
        return body
    return FOREIGN.sub(_known, body)


def _joined(references: re.Match[bytes]) -> bytes:
    numbers = (n.decode() for n in re.findall(rb"#(\w+)", references[0]))
    halves = "".join(chr(int(n[1:], 16) if n.startswith("x") else int(n)) for n in numbers)
    text = halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _numbered(text)


def _known(found: re.Match[bytes]) -> bytes:
    if not found[0].startswith(b"&"):
        return found[0]
    characters = html5.get(f"{found[1].decode()};") if found[1] else None
    return _numbered(characters) if characters else b"&amp;" + found[0][1:]


def _numbered(text: str) -> bytes:
    return "".join(f"&#{ord(character)};" for character in text).encode()
