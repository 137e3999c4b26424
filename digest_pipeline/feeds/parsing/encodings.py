"""In which characters a feed is written, where it says so wrongly."""

import re
from contextlib import suppress

from charset_normalizer import from_bytes

DECLARED = re.compile(rb"(<\?xml[^>]*?)\s+encoding\s*=\s*[\"']([^\"']*)[\"']")
# So say those who mean what Windows has in its place, or do not know that their texts are UTF-8.
LATIN = frozenset({b"iso-8859-1", b"iso8859-1", b"iso_8859-1", b"latin1", b"latin-1", b"us-ascii", b"ascii"})
USUAL = "cp1252"


def rightly_declared(body: bytes) -> bytes:
    """The document that calls itself Latin-1 as UTF-8 where it can be that, else as what browsers take Latin-1 for."""
    declared = DECLARED.search(body, 0, 200)
    if declared and declared[2].strip().lower() in LATIN:
        for encoding in ("utf-8", "windows-1252"):
            with suppress(UnicodeDecodeError):
                body.decode(encoding)
                return body[: declared.start(2)] + encoding.encode() + body[declared.end(2) :]
    return body


def decoded(body: bytes) -> bytes | None:
    """The document in UTF-8, its encoding guessed from its bytes, when what it declares is wrong.

    Of guesses that may be right, Western Europe's comes first: few accents look Baltic as well.
    """
    guesses = from_bytes(body)
    guess = next((guess for guess in guesses if USUAL in (guess.encoding, *guess.could_be_from_charset)), None)
    text = str(guess or guesses.best() or "")
    return DECLARED.sub(lambda head: head[1], text.encode(), count=1) if text else None
