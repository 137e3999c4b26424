"""What the surface of a span tells about its worth: the features of the claim-worthiness model.

Rates are per word, so that a long span is not better for being long; each list of words stands for one idea of the
labelling guide (specific, causal, contrastive, general; against: personal, hedged, dangling, conversational).
"""

import math
import re
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from digest_pipeline.claims.spans import Span

LEXICONS: dict[str, str] = {
    "first_person": r"i|i'm|i've|i'd|i'll|me|my|mine|myself",
    "we": r"we|we're|we've|us|our|ours",
    "second_person": r"you|you're|you've|your|yours|you'll|you'd",
    "third_pronoun": r"it|it's|he|she|they|them|him|her|this|that|that's|these|those|they're|there's",
    "causal": r"because|therefore|thus|hence|causes?|caused|leads? to|led to|results? in|means that|which means|so that|due to|"
    r"in order to|the reason|that's why|which is why|depends? on|allows?|enables?|forces?|drives?|makes it",
    "contrast": r"but|however|although|though|instead|rather|despite|whereas|unlike|contrary|actually|turns? out|not just|"
    r"not only|even though|surprising\w*|ironically|counterintuitive\w*|opposite|in fact",
    "condition": r"if|unless|when|whenever|once|until|as soon as",
    "general": r"always|never|every|everyone|nobody|all|most|any|none|people|companies|teams|users|customers|developers|"
    r"tends? to|typically|usually|generally|often|in general",
    "comparison": r"more|less|fewer|than|better|worse|faster|slower|cheaper|bigger|smaller|higher|lower|most|least|biggest|"
    r"largest|double|twice|half|times|percent|%",
    "evaluation": r"important|key|critical|fundamental\w*|problem|problems|challenge|mistake|lesson|risk|trade-?offs?|cost|"
    r"costs|value|benefit|advantage|incentives?|impact|impossible|hard|difficult|constraint|bottleneck|security|quality",
    "hedge": r"maybe|perhaps|kind of|sort of|kinda|i think|i guess|i feel|probably|might|i believe|i don't know|not sure|"
    r"i suppose|pretty much|whatever|or something|stuff|things?|thing",
    "filler": r"um|uh|uhm|er|you know|i mean|like|right|okay|ok|yeah|oh|wow|hmm|huh|cool|awesome|nice|great|haha|lol|gosh",
    "past": r"was|were|had|did|went|came|said|told|got|started|thought|decided|remember|ended",
    "future": r"will|going to|gonna|by 20\d\d|in the next|years from now|future|soon",
    "social": r"thanks?|thank|welcome|congrats|hello|hi|hey|bye|please|sorry|laugh\w*|joke|funny|love|fun|excited|happy|glad|"
    r"episode|podcast|show|guest|listeners?|conversation|talk about|chat|tell us|curious|question",
    "number_word": r"one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|forty|fifty|hundreds?|thousands?|"
    r"millions?|billions?|trillions?|dozen|dollars?|years?|months?|weeks?|days?|hours?|minutes?|seconds?",
}
PATTERNS = {name: re.compile(rf"(?<![\w'])(?:{words})(?![\w'])", re.IGNORECASE) for name, words in LEXICONS.items()}
DANGLING_START = re.compile(
    r"^(?:(?:and|but|so|or|because|yeah|yes|no|right|well|okay|ok|oh|now|then|also|like|plus|i mean|you know|um|uh)\W+)*"
    r"(?:it|it's|that|that's|this|these|those|they|they're|he|she|he's|she's|them|which|who|there|here|same|such|one)\b",
    re.IGNORECASE,
)
OPENING = re.compile(
    r"^(?:and|but|so|or|because|yeah|yes|no|right|well|okay|ok|oh|also|like|plus|then)\b", re.IGNORECASE
)
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
NUMBER = re.compile(r"(?:[$€£]\s?)?\d[\d,.]*(?:%|\b)")
NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][\w-]+|\b[A-Z]{2,}\b|\b[a-z]+[A-Z]\w+")
# How a question opens; raw recognition has no question marks.
ASKING = re.compile(
    r"^(?:(?:and|but|so|well|okay|ok|yeah|now|right|like)\W+)*(?:what|how|why|where|when|who|which|do you|did you|are you|"
    r"can you|could you|would you|is (?:it|that|there|this)|have you|tell (?:us|me)|are there|does|should (?:we|i|you))\b",
    re.IGNORECASE,
)
# A last word that wants another: the thought goes on.
CUT_END = re.compile(
    r"(?:^|\s)(?:and|but|or|so|because|the|an?|of|to|in|on|at|for|with|from|by|as|is|are|was|were|that|if|which|who|my|"
    r"your|our|their|its|i|we|they|you|he|she|it's|i'm|we're|like|um|uh|just|really|very)\W*$",
    re.IGNORECASE,
)
LONG_WORD = 8  # letters
USUAL_TURN_WORDS = 80
EARLY, LATE = 0.06, 0.94  # share of the episode
TRAILING_OFF = re.compile(r"(?:\.\.\.|…|[,\-–—])\s*$")


SENTENCE_MARKS = (
    "letters", "long_words", "numbers", "names", "commas", "questions", "asking", "brackets", "quotation", "repeats",
    "trailing_off", *LEXICONS,
)  # fmt: skip
SPAN_MARKS = (
    "log_words", "sentences", "words_a_sentence", "has_number", "has_name", "ends_asking", "dangling_start",
    "opening_connective", "cut_end", "capitalised_start", "ends_with_stop", "position", "is_early", "is_late",
    "log_turn_words", "place_in_turn", "after_question", "has_speaker",
)  # fmt: skip


def feature_names() -> tuple[str, ...]:
    """Names of the columns of ``features_of``, in order."""
    return (*SPAN_MARKS, *SENTENCE_MARKS)


def features_of(span: Span) -> npt.NDArray[np.float32]:
    """The feature vector of a span, in the order of ``feature_names``: facts of the span, then rates per word."""
    first, last = span.sentences[0].text, span.sentences[-1].text
    marks = np.sum([marks_of(sentence.text) for sentence in span.sentences], axis=0)
    n, rates = max(1.0, float(marks[0])), marks[1:]
    sentences = len(span.sentences)
    is_turn = span.turn.speaker is not None  # without speakers a "turn" is most of the episode
    turn_words = span.turn.text.count(" ") + 1 if is_turn else USUAL_TURN_WORDS
    named = dict(zip(SENTENCE_MARKS, rates, strict=True))
    facts = [
        math.log(n),
        sentences,
        n / sentences,
        float(named["numbers"] + named["number_word"] > 0),
        float(named["names"] > 0),
        float(last.endswith("?") or bool(ASKING.match(last))),
        float(bool(DANGLING_START.match(first.replace("’", "'")))),
        float(bool(OPENING.match(first))),
        float(bool(CUT_END.search(last))),
        float(first[:1].isupper()),
        float(last.rstrip("\"'”)")[-1:] in ".!?"),
        span.position,
        float(span.position < EARLY),
        float(span.position > LATE),
        math.log(turn_words),
        span.first / max(1, len(span.turn.sentences)) if is_turn else 0.5,
        float(span.after_question),
        float(is_turn),
    ]
    return np.array([*facts, *(rates / n)], dtype=np.float32)


@lru_cache(maxsize=1 << 16)
def marks_of(sentence: str) -> npt.NDArray[np.float32]:
    """Words of a sentence, then how often it has each of ``SENTENCE_MARKS``; spans add their sentences up."""
    text = sentence.replace("’", "'")
    words = WORD.findall(text)
    lowered = [word.lower() for word in words]
    counts = [
        len(words),
        sum(map(len, words)),
        sum(len(word) >= LONG_WORD for word in words),
        len(NUMBER.findall(text)),
        len(NAME.findall(text)),
        text.count(","),
        text.count("?"),
        float(bool(ASKING.match(text))) * len(words),
        text.count("[") + text.count("("),
        text.count('"') + text.count("“"),
        sum(a == b for a, b in pairwise(lowered)),
        float(bool(TRAILING_OFF.search(text))) * len(words),
    ]
    return np.array([*counts, *(len(pattern.findall(text)) for pattern in PATTERNS.values())], dtype=np.float32)


def is_question(text: str) -> bool:
    """Whether a span asks rather than claims: it ends with a question, or most of its sentences are questions."""
    stops = sum(text.count(mark) for mark in ".!?") or 1
    return text.rstrip().endswith("?") or text.count("?") / stops > 0.5


def dangles(text: str) -> bool:
    """Whether a text opens with a word that points outside it."""
    return bool(DANGLING_START.match(text.replace("’", "'")))


def specificity(text: str) -> float:
    """Numbers, names, comparisons and causes in a text, 0..1: half a point at about one in eight words."""
    words = max(1, len(WORD.findall(text)))
    marks = len(NUMBER.findall(text)) + len(NAME.findall(text))
    marks += sum(len(PATTERNS[name].findall(text)) for name in ("causal", "comparison", "number_word"))
    return 1 - math.exp(-5.5 * marks / words)
