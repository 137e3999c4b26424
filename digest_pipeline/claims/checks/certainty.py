"""Whether a wording keeps how sure and how general the talk is: conditions, doubt, intentions, exceptions. English.

Each way in which a statement falls short of a plain fact is a class of words. Where the clause that a wording was made
of has one, the wording needs a word of the same class, or of one that claims less.
"""

import re
from collections.abc import Iterator

from digest_pipeline.claims.checks.lexis import (
    EMPTY,
    Clause,
    best_matches,
    clauses_of,
    content_words,
    is_past,
    lemma,
    lemmas_of,
    words_in,
)  # fmt: skip
from digest_pipeline.claims.checks.polarity import SAME_CLAUSE, TAKEN_OVER, repeated

MAYBE = (
    r"may|might|could|perhaps|maybe|possib\w+|potential\w*|chance|risks?|theory|theoretically|in principle|sometimes"
    r"|at times|occasional\w*|some|several|certain|rare|not (?:always|sure|all|every)|unclear|uncertain|suggests?|seems?|appears?"
    r"|supposedly|apparently|reportedly|allegedly|arguably|hopefully|hopes?"
)
LIKELY = (
    r"probab\w+|(?:un)?likely|should|ought|would|expect\w*|tends?|tended|tendency|usual\w*|often|typical\w*|generally"
    r"|normally|most(?:ly)?|mainly|frequently|commonly|predict\w*|forecast\w*|estimat\w+|rarely"
)
ABLE = r"can|able|capable|ability|lets?|allows?|enables?"
CONDITION = (
    r"if|unless|provided|assuming|as long as|in case|when|whenever|once|until|without|depend\w*|given|only|would|could"
)
INTENT = (
    r"plan(?:s|ned|ning)?|want(?:s|ed|ing)?|intend(?:s|ed)?|aim(?:s|ed)?|hop(?:es?|ed|ing)|try|tries|tried|trying"
    r"|attempt(?:s|ed)?|seeks?|sought|promis(?:es?|ed)|pledge[sd]?|vow(?:s|ed)?|threaten(?:s|ed)?|told|ask(?:s|ed)?|urge[sd]?"
    r"|order(?:s|ed)|supposed|meant|agree[sd]?|offer(?:s|ed)|would like|(?:was|were) going"
)
WEIGHED = r"consider(?:s|ed|ing)?|propos(?:es?|ed)|discuss(?:es|ed)|think(?:s|ing)? (?:about|of)|talk(?:s|ed|ing) about"
NEAR = r"almost|nearly|practically|virtually|not quite|(?:verge|brink) of|came close|close to|about to"
ATTRIBUTION = (
    r"th(?:inks?|ought)|guess(?:es)?|believes?|feels?|suspects?|supposes?|hopes?|bets?|expects?|doubts?|wonders?|argue[sd]?"
    r"|says?|said|claim(?:s|ed)?|insist(?:s|ed)?|alleg\w+|assumes?|told|reportedly|according to|opinion|view"
)
NOT_I = r"(?<!\bi )(?<!\bwe )(?<!\byou )"  # what I can and you should do is advice, not doubt
SAID_IF = (
    r"(?<!\bas )(?<!\bwhat )(?<!\beven )(?<!\bsee )(?<!\bknow )(?<!\bwonder )if(?! (?:you will|anything|not)\b)|unless"
    r"|provided(?: that)?|assuming|as long as|in case"
)
SAID_MAYBE = (
    r"may|might|could|perhaps|maybe|possibl[ey]|potentially|(?:a|some|the) (?:chance|risk|possibility) (?:that|of)"
    r"|chances are|in theory|theoretically|in principle|sometimes|at times|occasionally|some of|in (?:some|certain|rare)"
    r"|not sure|unclear|suggests?|seems?|appears?|supposedly|apparently|reportedly|allegedly|arguably|hopefully|hopes?"
    rf"|{NOT_I}can(?! ?not\b|['’]t)"
)
SAID_LIKELY = (
    rf"{NOT_I}should|probabl[ey]|(?:un)?likely|ought to|would|(?:is|are|was|were|be)(?: \w+)? expected|expects? that"
    r"|tends?|tended|usually|often|typically|generally(?! available)|normally|mostly|in most"
)
SAID_INTENT = (
    rf"(?<!\byou )(?:{INTENT})(?: \w+){{0,3}}? (?:to|and)"
    r"(?! (?:say|talk|mention|point|add|ask|know|see|start|thank|clarify|stress|note|share|tell|make)\b)"
    rf"|(?:{WEIGHED}) \w+ing"
)
SAID_I_THINK = (
    r"(?:i|we)(?:['’]d)?(?: \w+)? (?:th(?:ink|ought)|guess|believe|feel|suspect|suppose|hope|bet|wonder|expect|doubt)"
    r"|i(?:['’]d| would) say"
)
SAID_IN = r"in (?:mice|rats|monkeys|animals|vitro|simulations?|a dish|a simulation|the lab)|on paper"
ANY_NUMBER = r"(?:(?:a|an|about|around|the) )?(?:\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|half|few|\w+teen|\w+ty)\b)"
SAID_SUPPOSE = (
    rf"^(?:(?:and|but|so|now|well|or) )*(?:imagine|suppose|let['’]?s (?:say|assume|suppose|imagine))(?! {ANY_NUMBER})"
)
# Nobody else does; of a number "only" says no more than that it is small
SAID_ONLY = rf"^(?:(?:and|but|so|because|that|now) )*only(?! (?:{ANY_NUMBER}|if|when|then|because|after|once|until|since|just)\b)"
NUMBERS = r"two|three|four|five|six|seven|eight|nine|ten|\d{1,3}(?: percent|%)?"
# A part of them, which a wording may not take for all: not "many times", which says how often.
SAID_PART = (
    rf"(?:most|many|half|a few|a (?:third|quarter|fraction|minority|majority)|{NUMBERS})"
    r" of (?:the|them|those|these|our|their|us)"
    r"|(?:^|(?<=\bthat )|(?<=\bbecause )|(?<=\band )|(?<=\bbut ))(?:most|many|several)"
    r" (?:(?!times|years|things|ways|thanks)\w+ )?(?!times|years|things|ways|thanks)(?:\w+s|people|men|women|children)"
)
# "Nobody has shown that it is safe" is not "it is not safe".
SAID_UNPROVEN = (
    r"(?:nobody|no one|no stud(?:y|ies)|not|never|\w+n['’]t)(?: \w+){0,2} (?:show[ns]?|prove[nd]?|demonstrated|established)"
    r"|no (?:evidence|proof|sign)"
)
SAID_ALONE = r"(?<!leave )(?<!left )(?<!let )(?<!all )alone"
SAID_USED_TO_THINK = r"used to (?:think|believe|assume|suppose|say|hope|fear)"
SAID_ADVISED_AGAINST = r"(?:advis|recommend|warn|counsel|caution|decid|argu)\w* against"
SAID_EXCEPT = r"except(?: for)?|other than|apart from|aside from|excluding|save for"
HEDGES = (  # (said, what keeps it in a wording)
    (SAID_MAYBE, f"{MAYBE}|{ABLE}"),
    (SAID_LIKELY, f"{MAYBE}|{LIKELY}|{CONDITION}"),
    (SAID_INTENT, rf"{INTENT}|{WEIGHED}|intention|goals?|propos\w+|expect\w*"),
    (rf"(?:{NEAR})(?! \d)", f"{NEAR}|most(?:ly)?|about|around|roughly|under|soon"),
    (SAID_I_THINK, f"{ATTRIBUTION}|{MAYBE}|{LIKELY}"),
    (SAID_IN, r"mice|mouse|rats?|monkeys?|animals?|vitro|simulat\w+|dish|lab|laboratory|paper"),
    (SAID_SUPPOSE, rf"{CONDITION}|{MAYBE}|imagin\w+|suppos\w+|assum\w+|say"),
    (
        r"whether(?!.*\bor\b)",
        rf"{CONDITION}|{MAYBE}|whether|ask\w*|question\w*|tests?|tested|stud(?:y|ied|ies)|wonder\w*|debate\w*",
    ),
    (SAID_ONLY, r"only|just|sole(?:ly)?|alone|exclusively|except|but|no|no one|nobody|none|not|few|unless|without"),
    (
        SAID_PART,
        rf"{MAYBE}|{LIKELY}|{NUMBERS}|many|half|third|quarter|few|fraction|minority|majority|part|lots?|numerous|plenty",
    ),
    (
        SAID_UNPROVEN,
        r"show\w*|prove\w*|proof|unproven|evidence|signs?|demonstrat\w*|establish\w*|found|unclear|unknown",
    ),
    (SAID_ALONE, r"alone|only|just|sole(?:ly)?|purely|exclusively|nothing but|by (?:it|them)sel(?:f|ves)|without"),
    (
        SAID_USED_TO_THINK,
        r"used to|once|past|former\w*|no longer|any ?more|thought|believed|assumed|supposed|said|hoped|feared",
    ),
    (SAID_ADVISED_AGAINST, r"against|not|no|never|\w+n['’]t|avoid\w*|oppos\w+|discourag\w+|reject\w*|instead|rather"),
    (SAID_EXCEPT, r"except\w*|but|other|apart|aside|exclud\w+|almost|nearly|most|without|not|save"),
)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_HEDGES = tuple((_words(said), _words(kept)) for said, kept in HEDGES)
_IF, _CONDITION, _ATTRIBUTION = _words(SAID_IF), _words(CONDITION), _words(ATTRIBUTION)
# "If you drink coffee, you sleep worse" is "Drinking coffee makes people sleep worse", where "you" is anybody.
ANYBODY_DOES = _words(r"if (?:you(?:['’]\w+)?|one|people|somebody|someone|anybody|anyone)")
BY_DOING = _words(r"with|by|for|\w+ing")
COVERED = 0.75  # share of the content words of condition and statement that such a wording needs more than
REPORTED = re.compile(  # somebody else says so: "critics say"
    r"(?<![\w'’-])(?!(?:(?:i|we|you|let)(?:['’]\w+)?|\w+n['’]t|us|to|would|could|can|will|should|might|not|data|numbers"
    r"|evidence|which|that|it|just) )(?P<who>[^\W\d_][\w'’-]*) (?:\w+ly )?(?:says?|claims?|claimed|argue[sd]?|thinks?"
    r"|believes?|alleges?|alleged|insists?|insisted|assumes?)\b(?! (?:to|in|about|of|on)\b)",
    re.IGNORECASE,
)
# A question that leaves open what it asks, and is not answered with yes: not "why are fees so high?"
ASKED = re.compile(
    r"(?:^|(?<=[.!?,] ))(?:(?:and|but|so|or|well|now|okay),? )?(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|what if"
    r"|(?:are you|you['’]re) (?:telling me|saying))\b(?! you know\b)[^.!?]*\?"
    r"(?!\s+(?:yes|yeah|yep|sure|absolutely|exactly|definitely|certainly|of course"
    r"|(?:i (?:think|believe) |turns out )?(?:it|they|you|we|he|she) \w+[.,])(?!\w))",
    re.IGNORECASE,
)
_STILL_ASKS = _words(rf"{MAYBE}|{CONDITION}|whether|ask\w*|question\w*|wonder\w*")
USED_TO = re.compile(
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!\bbe )(?<!\bget )(?<!\bgot )\bused to (?P<verb>[a-z]+)",
    re.IGNORECASE,
)
PAST = _words(r"used to|former\w*|once|previously|no longer|any ?more|past|historical\w*|earlier|ago")
ABSOLUTES = (  # a wording may not be surer or wider than the talk; each row is one degree of certainty
    "all|every|everyone|everybody|everything|always|entire|entirely|completely|any|each",
    "never|none|nobody|no one|nothing|impossible|no",
    "guarantee[sd]?|proves|proven|proved|certainly|definitely|inevitabl[ey]|undoubtedly",
    "must|has to|have to|needs? to|required|requires",
    "only|just|nothing but|sole|solely",
    "best|greatest|top",
    "worst",
    "most|majority|mostly",
    "many|most|majority|lots|a lot|numerous|plenty|hundreds|thousands|millions|dozens|tons|all|every|everyone|much|bunch",
)
_ABSOLUTES = tuple(map(_words, ABSOLUTES))


def certainty_fault(wording: str, said: str) -> str | None:
    """What the speaker hedged and the wording states, or a word that is surer or wider than the talk."""
    for words in _ABSOLUTES:
        if (found := words.search(wording)) and not words.search(said):
            return found[0]
    if question := _only_asked(wording, said):
        return question
    talk = clauses_of(said)
    sources = [match for clause in clauses_of(wording) for match in best_matches(clause, talk, SAME_CLAUSE)]
    for clause in talk:
        if any(_dropped_hedges(clause, wording)) and (clause in sources or repeated(wording, talk, [clause])):
            return clause.text
    return None


def _only_asked(wording: str, said: str) -> str | None:
    """A question of which the wording makes a fact that nothing else in the talk states."""
    if "?" in wording or _STILL_ASKS.search(wording):
        return None
    told = clauses_of(ASKED.sub(" ", said))
    for question in map(str, ASKED.findall(said)):
        for clause in clauses_of(wording):
            if best_matches(clause, clauses_of(question), TAKEN_OVER) and not best_matches(clause, told, TAKEN_OVER):
                return question.strip()
    return None


def _dropped_hedges(clause: Clause, wording: str) -> Iterator[bool]:
    """Whether the wording leaves out each of the hedges of a clause."""
    for said, kept in _HEDGES:
        yield said.search(clause.whole) is not None and not kept.search(wording)
    if _IF.search(clause.whole) and not _CONDITION.search(wording):
        covered = len(clause.content & content_words(wording)) / len(clause.content)
        yield not (ANYBODY_DOES.search(clause.whole) and BY_DOING.search(wording) and covered > COVERED)
    if found := REPORTED.search(clause.whole):
        is_named = found["who"].lower() in EMPTY or lemma(found["who"]) in lemmas_of(wording)
        yield not (is_named and _ATTRIBUTION.search(wording))
    if found := USED_TO.search(clause.whole):
        verbs = [word for word in words_in(wording) if lemma(word) == lemma(found["verb"])]
        yield not PAST.search(wording) and any(not is_past(word) for word in verbs)
