"""Words of English talk as the checks of a wording compare them: lemmas, content words, clauses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import simplemma

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
BORDER = re.compile(
    r"([.!?;:,]+[\"”’)]*(?=\s|$)|\s[-–—]+\s"
    r"|\s(?=(?:but|because|so|and|while|although|though|whereas|which|when|until|instead|rather)\s))",
    re.IGNORECASE,
)
ALL_BUT = re.compile(r"\b((?:all|every|no|any|none|nothing|anything|nobody)(?: of)?(?: \w+){0,2}) but\b", re.IGNORECASE)
# What stands before a comma and is no statement of its own: a condition, or a place, time or means without a verb.
CONDITIONAL = re.compile(
    r"^(?:(?:and|but|so|now|well|only|then)\s+)*(?:if|unless|provided|assuming|as long as|in case)\b", re.IGNORECASE
)
FRONTED = re.compile(
    r"^(?:(?:and|but|so)\s+)?(?:in|at|on|for|by|with|without|since|from|under|over|during|after|before|among|across"
    r"|within|per|to|despite|according to)\b(?!.*\b(?:it|they|we|i|you|he|she|there|is|are|was|were|be|has|have|had|do|does"
    r"|did|will|would|can|could|may|might|must|should)\b)(?:\s+\S+){1,7}$",
    re.IGNORECASE,
)
# Words of grammar and of talking: two texts that share only these do not speak of the same.
_GRAMMAR = """
a an the this that these those some any each every all both either neither such own same other another i me my mine
myself you your yours yourself he him his himself she her hers herself it its itself we us our ours ourselves they
them their theirs themselves who whom whose which what where when why how there here one ones someone something am
is are was were be been being have has had having do does did doing done will would shall should can could may
might must ought not no nor never none and or but if so than then because while although though whereas unless
until since as at by for from in into of off on onto out over under to up down with without within about above
across after against along among around before behind below beneath beside besides between beyond during except
inside near per through throughout toward towards upon via again also already always ever even just only still too
very more most much many less least few fewer several enough rather quite almost perhaps maybe however therefore
thus hence yet else instead once twice hardly scarcely barely rarely seldom
"""
_TALK = """
say said says saying think thinks thought believe believes guess know knows mean means really actually basically
like thing things lot kind sort go goes going gone get gets got getting make made makes way ways well yeah okay
right um uh people everywhere anywhere somewhere everyone everybody everything anyone anybody anything
somebody nobody nothing
"""
EMPTY = frozenset(f"{_GRAMMAR} {_TALK}".split())


@lru_cache(maxsize=100_000)
def lemma(word: str) -> str:
    """The lower-case lemma of an English word, possessive and contraction endings dropped."""
    plain = re.sub(r"['’](?:s|re|ve|ll|d|m)$", "", word.lower())
    return str(simplemma.lemmatize(plain, lang="en")).lower()


def is_inflected(word: str) -> bool:
    """Whether a word is a dictionary word in another form than its lemma, as "requiring": then it is no name."""
    plain = word.lower()
    found = str(simplemma.lemmatize(plain, lang="en"))
    return bool(simplemma.is_known(plain, lang="en")) and found != plain and found.islower()


def is_past(word: str) -> bool:
    """Whether a form of a verb is a past one, as "paid" of "pay"."""
    plain = word.lower()
    return plain == "was" or (lemma(plain) != plain and not plain.endswith(("s", "ing")) and plain not in {"am", "are"})


def words_in(text: str) -> list[str]:
    """The words of a text, as they are written; a hyphen parts words."""
    return WORD.findall(text.replace("’", "'"))


def content_words(text: str) -> frozenset[str]:
    """Lemmas of the words that carry meaning, numbers left out (they are checked as quantities)."""
    lemmas = (lemma(word) for word in words_in(text) if word.lower() not in EMPTY and not word[0].isdigit())
    return frozenset(word for word in lemmas if word not in EMPTY and len(word) > 1)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of text between two borders. ``opening`` is what came before it without a content word of its own."""

    text: str
    content: frozenset[str]
    opening: str = ""

    @property
    def whole(self) -> str:
        """The clause with its opening: "I think, the queue will shrink" is one statement."""
        return f"{self.opening} {self.text}".strip()


@lru_cache(maxsize=512)
def clauses_of(text: str) -> Sequence[Clause]:
    """The clauses of a text that have content words."""
    clauses: list[Clause] = []
    opening = ""
    for piece, border in _statements(text):
        content = content_words(piece)
        if content:
            clauses.append(Clause(piece, content, opening))
            opening = ""
        elif piece.lower() not in {"no", "nope", "yes"}:  # an answer to somebody, not a denial of what follows
            opening = f"{opening} {piece}".strip()
        if border[:1] in {".", "!", "?"}:
            opening = ""
    return clauses


def _statements(text: str) -> list[tuple[str, str]]:
    """The text between borders, each with the border behind it; a condition or a fronted phrase stays with its statement."""
    pieces: list[tuple[str, str]] = []
    held, before = "", "."  # what waits for its statement, and the border before a piece
    parts = BORDER.split(ALL_BUT.sub(r"\1 except", text))
    for piece, border in zip(map(str.strip, parts[::2]), [*map(str.strip, parts[1::2]), "."], strict=True):
        whole = f"{held} {piece}".strip()
        goes_on = CONDITIONAL.match(whole) is not None and (
            not held or before != ","
        )  # "if it rains and it is cold, …"
        if (border == "," and (goes_on or CONDITIONAL.match(piece) or FRONTED.match(piece))) or (
            goes_on and not border
        ):
            held = whole
        elif CONDITIONAL.match(piece) and not held and before == ",":
            pieces[-1] = (f"{pieces[-1][0]} {piece}", border)
        else:
            pieces.append((whole, border))
            held = ""
        before = border
    return pieces


def best_matches(clause: Clause, among: Sequence[Clause], least: float) -> list[Clause]:
    """The clauses that share most of ``clause``'s content words, at least the share ``least`` of them; likeness in all
    words (Jaccard) decides between equals.
    """
    mine = lemmas_of(clause.whole)
    shares = []
    for other in among:
        theirs = lemmas_of(other.whole)
        likeness = len(mine & theirs) / len(mine | theirs)
        shares.append((len(clause.content & other.content) / len(clause.content), likeness))
    top = max(shares, default=(0.0, 0.0))
    return [other for other, share in zip(among, shares, strict=True) if share == top and top[0] >= least]


def lemmas_of(text: str) -> frozenset[str]:
    """Lemmas of all words of a text."""
    return frozenset(map(lemma, words_in(text)))
