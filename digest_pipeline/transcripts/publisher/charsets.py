"""In which characters a transcript's bytes are written: servers name a charset for all that they have, or none."""

import codecs
from contextlib import suppress

from bs4.dammit import EncodingDetector
from charset_normalizer import from_bytes

UNDECODED = "\ufffd"
MAX_UNDECODED = 0.5  # of what is not ASCII: below, it is UTF-8 that was cut in the middle of a character
MIN_FOREIGN_BYTES = 0.25  # of a text: from there on its script is not Latin, and what it is can be told from its bytes


def decoded(body: bytes, charset: str | None) -> str:
    """The text of a document: UTF-16 where its first bytes say so, else UTF-8, else as its server or the page says.

    What nothing is said of is Windows-1252 where it is mostly ASCII, else what its bytes are most like.
    """
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    elif b"\0" in body[:2]:  # one without the mark begins with an ASCII character as a rule, half of which is empty
        text = body.decode("utf-16-be" if body[0] == 0 else "utf-16-le", "replace")
    else:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = _not_all_in_utf8(body, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_all_in_utf8(body: bytes, charset: str | None) -> str:
    text = body.decode("utf-8-sig", "replace")
    if text.count(UNDECODED) <= MAX_UNDECODED * (len(text) - len(text.encode("ascii", "ignore"))):
        return text
    for named in (charset, EncodingDetector.find_declared_encoding(body, is_html=True)):
        with suppress(LookupError):
            if named and codecs.lookup(named).name != "utf-8":
                return body.decode(named, "replace")
    is_foreign = len(body) - len(body.decode("ascii", "ignore")) >= MIN_FOREIGN_BYTES * len(body)
    guess = from_bytes(body).best() if is_foreign else None
    return str(guess) if guess else body.decode("cp1252", "replace")
