"""How many words a text has, in every script."""

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
