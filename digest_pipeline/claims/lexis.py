"""Words of English talk as the checks of a wording compare them: lemmas, content words, clauses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import simplemma

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
BORDER = re.compile(
    r"[.!?;:,]+(?=\s|$)|\s[-–—]+\s"
    r"|\s(?=(?:but|because|so|and|while|although|though|whereas|which|if|when|unless|until|instead|rather)\s)",
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
thus hence yet else instead once twice
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
    clauses, opening = [], ""
    for piece in BORDER.split(text):
        content = content_words(piece)
        if content:
            clauses.append(Clause(piece.strip(), content, opening))
            opening = ""
        elif piece.strip().lower() not in {"no", "nope", "yes"}:  # an answer to somebody, not a denial of what follows
            opening = f"{opening} {piece.strip()}".strip()
    return clauses


def best_matches(clause: Clause, among: Sequence[Clause], least: float) -> list[Clause]:
    """The clauses that share most of ``clause``'s content words, at least the share ``least`` of them; likeness in all
    words (Jaccard) decides between equals.
    """
    mine = _lemmas(clause.whole)
    shares = []
    for other in among:
        theirs = _lemmas(other.whole)
        likeness = len(mine & theirs) / len(mine | theirs)
        shares.append((len(clause.content & other.content) / len(clause.content), likeness))
    top = max(shares, default=(0.0, 0.0))
    return [other for other, share in zip(among, shares, strict=True) if share == top and top[0] >= least]


def _lemmas(text: str) -> frozenset[str]:
    return frozenset(map(lemma, words_in(text)))
