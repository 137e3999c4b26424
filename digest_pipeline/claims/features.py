"""What the surface of a span tells about its worth: the features of the claim-worthiness model.

Rates are per word, so that a long span is not better for being long; each list of words stands for one idea of the
labelling guide (specific, causal, contrastive, general; against: personal, hedged, dangling, conversational).
"""

import math
import re
from functools import lru_cache

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
TRAILING_OFF = re.compile(r"(?:\.\.\.|…|[,\-–—])\s*$")


@lru_cache(maxsize=1)
def feature_names() -> tuple[str, ...]:
    """Names of the columns of ``features_of``, in order."""
    return (
        "log_words", "sentences", "words_a_sentence", "letters_a_word", "long_words", "distinct_words", "numbers",
        "has_number", "names", "question", "questions", "dangling_start", "opening_connective", "trailing_off",
        "brackets", "quotation", "commas", "capitalised_start", "ends_with_stop", "position", "is_early", "is_late",
        "log_turn_words", "place_in_turn", "after_question", "has_speaker", *LEXICONS,
    )  # fmt: skip


def features_of(span: Span) -> npt.NDArray[np.float32]:
    """The feature vector of a span, in the order of ``feature_names``."""
    text = span.quote.replace("’", "'")
    words = WORD.findall(text)
    n = max(1, len(words))
    turn_words = max(1, len(span.turn.text.split()))
    surface = [
        math.log(n),
        len(span.sentences),
        n / len(span.sentences),
        sum(map(len, words)) / n,
        sum(len(word) >= 8 for word in words) / n,
        len({word.lower() for word in words}) / n,
        len(NUMBER.findall(text)) / n,
        float(bool(NUMBER.search(text))),
        len(NAME.findall(text)) / n,
        float(text.rstrip().endswith("?")),
        text.count("?") / len(span.sentences),
        float(bool(DANGLING_START.match(text))),
        float(bool(OPENING.match(text))),
        float(bool(TRAILING_OFF.search(text))),
        float("[" in text or "(" in text),
        float('"' in text or "“" in text),
        text.count(",") / n,
        float(text[:1].isupper()),
        float(text.rstrip("\"'”)")[-1:] in ".!?"),
        span.position,
        float(span.position < 0.06),
        float(span.position > 0.94),
        math.log(turn_words),
        span.first / max(1, len(span.turn.sentences)),
        float(span.after_question),
        float(span.turn.speaker is not None),
    ]
    rates = [len(pattern.findall(text)) / n for pattern in PATTERNS.values()]
    return np.array(surface + rates, dtype=np.float32)


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
