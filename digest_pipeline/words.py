"""What a reader can read: the words of a text, in every script, none that are commands, numbers that differ."""

import re

# Letters of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
LETTERS_A_WORD = 2  # of those scripts, roughly


def count_words(text: str) -> int:
    """The words of a text; estimated from its letters where its script puts no spaces between words.

    Example:
        >>> count_words("the queue for the grid"), count_words("電力網の順番")
        (5, 4)
    """
    return len(text.split()) + len(UNSPACED.findall(text)) // LETTERS_A_WORD


def normalise_words(text: str) -> list[str]:
    """Lower-case words of a text, without punctuation: what two texts are compared by."""
    return re.findall(r"[^\W_]+", text.lower().replace("’", "'").replace("'", ""))


# Unicode's control characters but tab and line ends, lone surrogates, and the code points that are no characters.
UNREADABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(rf"\U{plane:04x}fffe\U{plane:04x}ffff" for plane in range(17))
    + "]"
)


def readable(text: str) -> str:
    """A text without what nobody reads: on a terminal it would be a command, and in HTML and XML it is forbidden."""
    if text.isprintable():  # most are; the search takes twenty times as long
        return text
    return UNREADABLE.sub(lambda found: " " if found[0].isspace() else "", text)


MARKUP = frozenset("\\`*_[]<>#|~&")  # of Markdown; a tilde strikes out, and an ampersand begins an entity


def escaped_markdown(text: str) -> str:
    """A text that Markdown shows as it is.

    Example:
        >>> escaped_markdown("a|b")
        'a\\\\|b'
    """
    return "".join(f"\\{c}" if c in MARKUP else c for c in text)


def plural(count: int, noun: str) -> str:
    """``1 claim`` or ``2 claims``."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def told_apart(number: float, limit: float) -> tuple[str, str]:
    """Two different numbers with two digits, or as many as tell them apart.

    Example:
        >>> told_apart(0.6186, 0.62)
        ('0.619', '0.620')
    """
    for digits in range(2, 17):
        shown = f"{number:.{digits}f}", f"{limit:.{digits}f}"
        if shown[0] != shown[1]:
            break
    return shown
