"""Advertisements and boilerplate: each segment that is one gets a reason. Nothing is deleted.

Three kinds of evidence, from the language of podcast advertising at large:

* a sponsor read opens with a phrase that only sponsor reads use ("brought to you by"), and goes on for as long as
  offers, addresses or the sponsor's own name keep coming;
* intros and outros stand at the ends and speak about the show itself;
* words repeated across the episodes of a feed were not said for this episode.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from digest_pipeline.models import Segment, normalise_words
from digest_pipeline.transcripts.fingerprint import shingles


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})", re.IGNORECASE)


_ADDRESS = r"[\w-]+(?: dot |\.)(?:com|io|org|co|net|ai|dev|app|fm|tv|so|sh|me|blog|cloud|social|example)\b"
_NUMBER = r"(?:\d+|ten|fifteen|twenty|twenty[- ]five|thirty|forty|fifty|sixty)"

OPENERS = _any(
    r"(?:brought|made possible) to you (?:in part )?by",
    r"made possible by our",
    r"(?:today|this week|this episode|our)(?:'?s)? (?:(?:title|first|second|other|main|lovely|next) )?sponsors?\b",
    r"(?:a|the) sponsor of (?:this|the|today)",
    r"(?:is|are|'s|was) sponsored by",
    r"(?<=^)sponsored by",
    r"support(?: for| from)? (?:this|the|today'?s|our) (?:show|podcast|episode|program) (?:comes?|is|from)",
    r"support for (?:[\w']+ ){1,5}comes from",
    r"(?:with|and) (?:the )?support (?:of|from) (?:our )?(?:sponsors?|partners?|friends)",
    r"(?:quick |short |brief )?(?:word|message) from (?:our|today'?s|the|this week'?s|one of our) (?:sponsors?|partners?|friends)",
    r"(?:thanks?|thank you|shout[- ]?out|props) (?:(?:so much|again|also) )?to (?:our|today'?s|this week'?s) "
    r"(?:\w+ )?(?:friends|partners?|sponsors?|supporters?)",
    r"our (?:good )?(?:friends|partners) (?:(?:over )?at|from)",
    r"(?:tell you about|thank) (?:our|today'?s|this week'?s|another|one of our) (?:\w+ )?(?:sponsors?|partners?|friends)",
    r"(?:oh no|ok(?:ay)?|alright),? (?:a )?sponsors?\b",
)
OFFERS = _any(
    r"(?:promo(?:tional)?|discount|coupon|offer|referral) code",
    r"coupon",
    r"(?:use|enter|with) (?:the |our |my )?(?:\w+ )?code\b",
    r"free trial",
    rf"{_NUMBER}[- ]days? (?:free|trial|for free)",
    rf"{_NUMBER}(?:%| ?percent) off",
    r"off (?:your|the) (?:first|next|order|annual|subscription|entire)",
    r"(?:first|one) \w+ (?:is )?free",
    r"free (?:shipping|for \w+ (?:days|months|weeks)|month)",
    r"money[- ]back",
    r"sign up (?:now|today|at|for (?:free|a|the|your)|and)",
    r"(?:get started|start (?:building|today|for free|your)|try it|learn more|find out more|read more|(?:get|book) a demo)",
    r"(?:go|head|hop|jump)(?: on)?(?: over)? to (?:\S+ ){0,3}?\S*(?: dot |\.)\w+",
    r"visit (?:\S+ ){0,3}?\S*(?: dot |\.)\w{2,}",
    _ADDRESS,
    r"(?:links?|details) (?:is |are |will be )?in (?:the|our|your) (?:show ?notes|description)",
    r"(?:for|to) (?:our )?listeners (?:of|get|can)",
    r"(?:tell them|mention) \w+(?: \w+)? sent you",
    r"(?:special|exclusive) (?:deal|offer|discount)",
    r"no credit card",
    r"cancel any ?time",
)
CLOSERS = _any(
    r"(?:now |ok(?:ay)?,? |so |and )?back to (?:the show|our|the episode|the conversation)\b",
    r"our thanks to",
    r"thanks (?:again )?to [^.]{2,80} for (?:their |the |your )?(?:support|sponsor)",
)
SELF_PROMOTION = _any(
    r"rate and review",
    r"(?:leave|write)(?: us| a)? (?:an? )?(?:\w+ )?(?:review|rating)\b",
    r"five[- ]star (?:review|rating)",
    r"subscribe (?:to (?:our|the|this) |wherever|at |now|in your|on )",
    r"(?:our|my|this week'?s) (?:\w+ )?newsletter\b",
    r"(?:hit|smash) (?:that|the) (?:like|subscribe|bell)",
    r"follow (?:us|me) on",
    r"join (?:us in |our )(?:the |our )?(?:\w+ )?(?:community|discord|slack|patreon|zulip)",
    r"support (?:us|the show) (?:on|by|at)",
    r"become an? (?:paid )?(?:member|patron|subscriber)\b",
    r"patreon(?: dot |\.)com",
    r"wherever you (?:get|listen to|find) (?:your )?podcasts",
    r"share (?:it|this|the)(?: episode| show| podcast)? with (?:a friend|your)",
    r"(?:send|give) (?:us |me )?(?:your )?feedback\b",
    r"merch (?:alert|store|shop)",
    r"(?:buy|get) (?:yourself )?(?:some |our )?(?:merch|swag|threads)\b",
    r"(?:plus plus|\+\+) (?:subscribers?|members?|listeners?|people|folks)",
)
INTRO = _any(
    r"welcome (?:back )?to (?:another |this |episode |a new |the )?[\w ]+",
    r"you'?re listening to",
    r"this is [^.?!]{2,60}(?:,| -|—) (?:the|a|your) (?:\w+ ){0,4}(?:show|podcast)",
    r"(?:i'?m|i am) your host",
    r"my name is [^.?!]{2,40}",
    r"what'?s up,? (?:nerds|friends|everyone|everybody)",
    r"hello and welcome",
    r"welcome,? (?:everyone|everybody|friends)",
    r"(?:the|a) (?:show|podcast) (?:where|about|that|for)",
)
OUTRO = _any(
    r"(?:thanks?|thank you)(?: so much| again| very much| everyone)*(?: all)? for (?:listening|tuning in|joining|being here|watching|coming on)",
    r"that'?s (?:it|all|our show|the show)(?: for| from) (?:this|today|us|me|now|the)\b",
    r"(?:see|talk to|catch|hear from) (?:you|ya|y'all)(?: all)? (?:next|again|in two|soon|on the next|later|then)",
    r"until next (?:time|week)",
    r"our (?:theme )?music (?:is|was|comes)",
    r"theme music",
    r"(?:edited|produced|mixed|mastered) by",
    r"this (?:show|episode|podcast) (?:is|was) (?:produced|edited|recorded|a production)",
    r"have a (?:great|good|lovely|nice) (?:week|day|weekend|one)\b",
    r"(?:bye|goodbye)\b",
    r"signing off",
)
INTRO_SECONDS = 150.0
OUTRO_SECONDS = 180.0
MAX_GAP_SECONDS = 45.0  # a read goes on if its next sign comes within this
MAX_READ_SECONDS = 300.0
REPEAT_WORDS = 6
REPEAT_SHARE = 0.5
SPONSOR = re.compile(
    r"(?:to you by|sponsored by|comes from|(?:friends|partners) (?:over )?(?:at|from)|sponsors?(?:,| is)?)\s+"
    r"((?:[A-Z][\w&'-]+ ?){1,3})"
)


def boilerplate_shingles(texts: Collection[str]) -> set[int]:
    """Word n-grams of a feed's earlier episodes: what a new episode shares with them is boilerplate."""
    return set().union(*(shingles(text, REPEAT_WORDS) for text in texts)) if texts else set()


def flag_ads(segments: Sequence[Segment], boilerplate: set[int]) -> tuple[Segment, ...]:
    """Mark sponsor reads, self-promotion, intros, outros and repeated text, each with its reason.

    Args:
        segments: of one episode, in order.
        boilerplate: from ``boilerplate_shingles`` of earlier episodes of the same feed.
    """
    reasons: list[str | None] = [None] * len(segments)
    end = max((segment.end_seconds for segment in segments), default=0.0)
    for i, segment in enumerate(segments):
        reasons[i] = _own_reason(segment, end, boilerplate)
    for first, last in _sponsor_reads(segments):
        for i in range(first, last + 1):
            reasons[i] = "sponsor read"
    return tuple(
        replace(segment, is_ad=reason is not None, ad_reason=reason)
        for segment, reason in zip(segments, reasons, strict=True)
    )


def _own_reason(segment: Segment, end: float, boilerplate: set[int]) -> str | None:
    text = segment.text
    if SELF_PROMOTION.search(text):
        return "self-promotion"
    if segment.start_seconds < min(INTRO_SECONDS, end / 4) and INTRO.search(text):
        return "intro"
    if segment.end_seconds > max(end - OUTRO_SECONDS, end * 3 / 4) and OUTRO.search(text):
        return "outro"
    own = shingles(text, REPEAT_WORDS)
    if own and len(own & boilerplate) / len(own) >= REPEAT_SHARE:
        return "repeated in other episodes of the show"
    return None


def _sponsor_reads(segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """First and last index of each sponsor read."""
    reads = []
    i = 0
    while i < len(segments):
        if not OPENERS.search(segments[i].text):
            i += 1
            continue
        last = _end_of_read(segments, i)
        reads.append((i, last))
        i = last + 1
    return reads


def _end_of_read(segments: Sequence[Segment], first: int) -> int:
    """The last segment that still carries a sign of the read that opens at ``first``."""
    sponsors = {name for i in (first, first + 1) if i < len(segments) for name in _sponsor_names(segments[i].text)}
    last, start = first, segments[first].start_seconds
    for i in range(first + 1, len(segments)):
        segment = segments[i]
        if segment.start_seconds - segments[last].end_seconds > MAX_GAP_SECONDS:
            break
        if segment.start_seconds - start > MAX_READ_SECONDS:
            break
        words = " ".join(normalise_words(segment.text))
        is_sign = OFFERS.search(segment.text) or OPENERS.search(segment.text) or any(s in words for s in sponsors)
        if is_sign:
            last = i
        if CLOSERS.search(segment.text):
            return i if is_sign else max(last, i)
    return last


def _sponsor_names(text: str) -> set[str]:
    names = (" ".join(normalise_words(match[1])) for match in SPONSOR.finditer(text))
    return {name for name in names if len(name) >= 4}
