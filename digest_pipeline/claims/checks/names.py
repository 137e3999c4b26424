"""Names in a wording: each must have been said near the quote, or be known of the episode. English."""

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

from digest_pipeline.claims.checks.lexis import EMPTY, best_matches, clauses_of, is_inflected, lemma, words_in
from digest_pipeline.claims.checks.polarity import SAME_CLAUSE
from digest_pipeline.claims.checks.units import UNITS

CAPITALISED = re.compile(r"(?P<opens>^|[.!?:]\s+[\"“'(]?|^[\"“'(])?\b(?P<word>[A-Z][\w'’&-]*)")
SAME_NAME = 85.0  # rapidfuzz ratio, 0..100: recognised speech spells names by ear
SAYING = (
    r"(?:says?|said|thinks?|believes?|argue[sd]?|claim(?:s|ed)?|insist(?:s|ed)?|warn(?:s|ed)?|predict(?:s|ed)?|doubts?"
    r"|explain(?:s|ed)?|recommends?|admit(?:s|ted)?)"
)
FINDING = (
    r"(?:f(?:ound|inds?)|discover(?:s|ed)?|shows?|showed|reports?|reported|estimates?|estimated|reveal(?:s|ed)?) that"
)
SOURCE = re.compile(
    rf"(?P<before>[^\W\d_][\w'’-]*)(?: (?:\w+ly|also|now|still))? (?:{SAYING}|{FINDING})\b|\baccording to (?:the |an? )?(?P<by>[\w'’ -]+)"
    rf"|\b{SAYING} (?P<after>(?-i:[A-Z])[\w'’-]*)",
    re.IGNORECASE,
)
# Who is easily made up to do what nobody in the talk is said to do; not "users" and "companies", which "you" may mean.
_ACTORS = """
accountant analyst authority bank doctor economist expert government hospital insurer investor lawmaker lawyer
manufacturer merchant politician publisher regulator researcher retailer scientist supplier vendor
"""
STANDS_FOR = re.compile(r"\b(?:I|you|he|she|we|they|them|our|their|somebody|someone)\b", re.IGNORECASE)
PLACE = re.compile(
    r"(?P<first>^(?:(?:and|but|so|now|because|that)\s+)*)?\b(?:in|across|throughout|within|among)\s(?:the )?(?-i:[a-z]+ )?"
    r"(?P<place>(?-i:[A-Z])[\w’'-]*(?: (?-i:[A-Z])[\w’'-]*)*)",
    re.IGNORECASE,
)
SHARE = re.compile(  # a share or an extreme, which without its place is another one
    r"\d ?%|\b(?:percent|per cent|most|majority|half|third|quarter|all|every|only|never|nobody|no one|the \w{3,}est)\b",
    re.IGNORECASE,
)
_CALENDAR = """
January February March April May June July August September October November December
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
"""
ACTORS, CALENDAR = frozenset(_ACTORS.split()), frozenset(_CALENDAR.split())
SAME_STEM = 3  # letters that "Japan" and "Japanese" share
COUNTRIES = (  # of several names, under one of them; South America is not the US, nor British Columbia Britain
    (re.compile(r"\b(South|North|Central|Latin) America(?:ns?)?\b"), r"\1america"),
    (re.compile(r"\b(?:United States(?: of America)?\b|U\.?S\.?A\b|U\.S\.|US\b(?!\$)|Americans?\b)"), "America"),
    (re.compile(r"\b(?:United Kingdom\b|U\.K\.|UK\b|British\b(?! Columbia)|Britons?\b)"), "Britain"),
)
# "Japan Japanese", "Turkey Turkish", "Chile Chileans", "Israel Israelis"; Nigerians are of Nigeria.
COUNTRY_AND_PEOPLE = re.compile(
    r"(?!Niger |Roman )(?=[A-Z])(?:(\w{4,})(?:a|e|o|y|any|ey|en|on|um)? \1(?:ese|ians?|ans?|ns?|ish)|(\w{4,}) \2is?)"
)
THE_SPEAKER = frozenset({"speaker", "speakers", "host", "hosts", "guest", "guests", "author"})


def unsaid_name(wording: str, said: str, known: str) -> str | None:
    """The first name of a wording that is neither in ``said`` nor in ``known``.

    A capitalised word inside a sentence is a name. At the start of one it is too, unless it is a word of grammar or a
    dictionary word in an inflected form ("Requiring"): "Microsoft" needs to have been said there as well.
    """
    wording, available = one_name(wording), words_in(one_name(f"{said} {known}"))
    lemmas = {lemma(word) for word in available} | {part for word in available for part in word.lower().split("'")}
    lemmas |= {word.lower().removesuffix("s") for word in available if word.removesuffix("s").isupper()}  # "GPUs"
    is_title_case = _is_title_case(wording)
    for match in CAPITALISED.finditer(wording):
        word = match["word"].strip("'’-&")
        parts = words_in(word)
        if all(lemma(part) in lemmas or part.lower() in lemmas or part.lower() in EMPTY for part in parts):
            continue
        is_capital_by_place = match["opens"] is not None or is_title_case
        if word.lower() in UNITS or (is_capital_by_place and (is_inflected(word) or _stem(word) & lemmas)):
            continue
        if any(_are_of_one_country(word, other) for other in available):
            continue
        if not any(len(word) > 4 and fuzz.ratio(word.lower(), other.lower()) >= SAME_NAME for other in available):
            return word
    return None


def unsaid_actor(wording: str, said: str, known: str) -> str | None:
    """Somebody who does something in the wording alone, where the talk has no "we" or "they" for them."""
    lemmas = {lemma(word) for word in words_in(f"{said} {known}")}
    added = (word for word in words_in(wording) if lemma(word) in ACTORS - lemmas)
    return None if STANDS_FOR.search(said) else next(added, None)


def dropped_place(wording: str, headline: str, said: str, known: str) -> str | None:
    """A place that a statement of the talk is restricted to, and that the wording made of it leaves out.

    It restricts where it stands first ("in Ohio, …") or where a share or an extreme is told of it: "a startup in Ohio"
    is a startup.
    """
    talk = clauses_of(one_name(said))
    heads = {word[:SAME_STEM].lower() for word in words_in(one_name(f"{wording} {known}")) if word[0].isupper()}
    for source in (match for clause in clauses_of(headline) for match in best_matches(clause, talk, SAME_CLAUSE)):
        for found in PLACE.finditer(source.text):
            names = [
                word
                for word in words_in(found["place"])
                if len(word) > 1 and word not in CALENDAR and word.lower() not in EMPTY
            ]
            is_restricting = found["first"] is not None or SHARE.search(source.text)
            if names and is_restricting and not any(name[:SAME_STEM].lower() in heads for name in names):
                return found["place"]
    return None


def same_person(name: str, other: str) -> bool:
    """Whether two spellings name one person: they share a word of the name, such as the first or the last, or are the
    same initials.
    """
    mine, theirs = ([word.lower() for word in words_in(text)] for text in (name, other))
    return mine == theirs or any(word in theirs for word in mine if len(word) > 1)


def other_speaker(wording: str, said: str, speaker: str | None, speakers: Iterable[str]) -> str | None:
    """Somebody else of the episode whom the wording names although the quote does not, or somebody whom it gives the
    words to ("critics say", "according to Bob Ray") and who is neither the speaker nor in the quote: a wrong mouth."""
    worded, spoken = {w.lower() for w in words_in(wording) if w[0].isupper()}, {w.lower() for w in words_in(said)}
    own = {w.lower() for w in words_in(speaker or "")}
    for person in speakers:
        parts = {w.lower() for w in words_in(person) if len(w) > 2 and w[0].isupper()} - own
        if parts & worded and not parts & spoken:
            return person
    known = spoken | own | EMPTY | THE_SPEAKER
    lemmas = {lemma(word) for word in known}
    for match in SOURCE.finditer(wording):
        source = match["before"] or match["by"] or match["after"]
        if not any(word.lower() in known or lemma(word) in lemmas for word in words_in(source)):
            return source.strip()
    return None


def one_name(text: str) -> str:
    """A text with one name for a country of several; "US" among them, which is "us" where case does not count."""
    for names, one in COUNTRIES:
        text = names.sub(one, text)
    return text


def _are_of_one_country(word: str, other: str) -> bool:
    """Whether one names a country and the other its people: "Japan" and "Japanese", but not "Austria" and "Australian"."""
    one, another = (re.sub(r"['’]s?$", "", name) for name in (word, other))
    return any(COUNTRY_AND_PEOPLE.fullmatch(pair) for pair in (f"{one} {another}", f"{another} {one}"))


def _is_title_case(wording: str) -> bool:
    """Whether words are capitalised as in a title, which says nothing about their being names."""
    words = [word for word in words_in(wording) if word.lower() not in EMPTY and not word[0].isdigit()]
    return len(words) > 2 and all(word[0].isupper() for word in words)


def _stem(word: str) -> set[str]:
    """What "cutting" is made of, as far as a dictionary takes it for a noun: "cutt", "cut", "cutte"."""
    stem = word.lower().removesuffix("ing")
    return {stem, stem[:-1], f"{stem}e"} if stem != word.lower() else set()
