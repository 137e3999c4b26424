"""Claim candidates found by a language model, behind the setting ``extractor = "llm"``.

The model proposes, the transcript decides: every quote is located in the talk and every wording held against it. A
window without a usable reply gets the extractive result, and the episode's note says so.
"""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace

from digest_pipeline.claims.checks.checker import WordingChecker, said_entities
from digest_pipeline.claims.checks.faithfulness import Wording, is_checkable
from digest_pipeline.claims.checks.names import same_person
from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import Extraction, too_weak
from digest_pipeline.claims.grounding import Located, locate_quote
from digest_pipeline.claims.injection import gives_orders
from digest_pipeline.claims.llm.prompts import FIND_VERSION, find_prompt
from digest_pipeline.claims.llm.replies import ClaimReply, read_claims
from digest_pipeline.claims.llm.windows import Window, positions_of, windows_of
from digest_pipeline.claims.spans import MAX_WORDS
from digest_pipeline.claims.wording import as_said
from digest_pipeline.errors import BudgetExceeded, DigestError
from digest_pipeline.llm.batch import BatchSender, Question
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.prompt import ModelUnavailable, UnusableReply
from digest_pipeline.models import ClaimCandidate, Episode, Segment, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.speakers import is_named
from digest_pipeline.words import count_words

log = logging.getLogger(__name__)


class LlmExtractor:
    """Finds claims with a language model, window by window."""

    name = "llm"

    def __init__(
        self,
        settings: Settings,
        client: LlmClient,
        fallback: ExtractiveExtractor,
        batches: BatchSender | None = None,
    ) -> None:
        self._settings, self._client, self._fallback, self._batches = settings, client, fallback, batches
        self._checker = WordingChecker(settings)

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript."""
        sizes = f"{self._settings.llm_window_words} {self._settings.llm_overlap_words}"
        return stable_id(
            "x", self.name, self._settings.llm_model, FIND_VERSION, sizes, self._checker.name, self._fallback.key
        )

    def prepare(self, talks: Iterable[tuple[Episode, Sequence[Segment]]]) -> None:
        """Ask about episodes in one batch of the provider, where the settings allow the wait; ``extract`` follows."""
        if self._batches:
            self._batches.send(
                [
                    Question(find_prompt(episode, window), episode.episode_id, read_claims)
                    for episode, segments in talks
                    for window in self._windows(episode, segments)
                ]
            )

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The candidates of an episode; what fails a check is kept with its reason."""
        windows = self._windows(episode, segments)
        with ThreadPoolExecutor(self._settings.llm_concurrency) as pool:
            answers = list(pool.map(lambda window: self._ask(episode, window), windows))
        faults = [str(answer) for answer in answers if isinstance(answer, DigestError)]
        extractive = self._fallback.extract(episode, segments).candidates if faults else ()
        speakers = sorted({s.speaker for s in segments if s.speaker and is_named(s.speaker)})
        found: dict[str, ClaimCandidate] = {}
        for window, answer in zip(windows, answers, strict=True):
            if isinstance(answer, DigestError):
                first, last = positions_of(window)
                candidates = [c for c in extractive if first <= c.first_position <= last]
            else:
                candidates = [self._candidate(episode, claim, window, speakers) for claim in answer]
            found |= {candidate.claim_id: candidate for candidate in candidates}
        ranked = sorted(found.values(), key=lambda c: (c.rejected_reason is not None, -c.worthiness, c.claim_id))
        note = None
        if faults:
            reasons = "; ".join(sorted(set(faults)))
            note = f"{len(faults)} of {len(windows)} windows by the extractive method: {reasons}"
            log.warning("%s · %s: %s", episode.show, episode.title, note)
        return Extraction(_once(ranked), len(windows), note, is_whole=not faults)

    def _windows(self, episode: Episode, segments: Sequence[Segment]) -> Sequence[Window]:
        turns = self._fallback.turns(episode, segments)
        return windows_of(turns, self._settings.llm_window_words, self._settings.llm_overlap_words)

    def _ask(self, episode: Episode, window: Window) -> list[ClaimReply] | DigestError:
        """The claims of a window, or why there is no usable reply."""
        try:
            return self._client.ask(find_prompt(episode, window), read_claims, episode.episode_id)
        except (UnusableReply, ModelUnavailable, BudgetExceeded) as fault:
            return fault

    def _candidate(
        self, episode: Episode, claim: ClaimReply, window: Window, speakers: Sequence[str]
    ) -> ClaimCandidate:
        turns = list({piece.turn.index: piece.turn for piece in window}.values())
        # of those who said the same words, whom the model names comes first
        turns.sort(key=lambda turn: not same_person(claim.speaker, turn.name or ""))
        located = locate_quote(claim.quote, turns)
        place = located or Located(turns[0], 0, 1, 0.0)
        wording = self._wording(claim, place, episode)
        reason = "quote: it is not in the transcript"
        refused = self._refuse(claim, wording, located, episode, speakers) if located else reason
        first, last, start, end = place.turn.locate(place.start, place.end)
        quote = located.quote if located else claim.quote
        return ClaimCandidate(
            claim_id=stable_id(
                "cl", episode.episode_id, str(first), self._settings.llm_model, *astuple(wording), quote
            ),
            episode_id=episode.episode_id,
            headline=wording.headline,
            explanation=wording.explanation,
            quote=quote,
            speaker=located.turn.name if located else None,
            start_seconds=start,
            end_seconds=end,
            first_position=first,
            last_position=last,
            worthiness=round(claim.worthiness, 4),
            is_ad=False,
            extractor=self.name,
            model=self._settings.llm_model,
            prompt_version=FIND_VERSION,
            rejected_reason=refused,
            kind=claim.kind,
            entities=said_entities(claim.entities, place) if located else (),
            quote_score=place.score,
        )

    def _wording(self, claim: ClaimReply, located: Located, episode: Episode) -> Wording:
        """The model's, or the speaker's own where the checks do not know the language."""
        if is_checkable(episode.language):
            return Wording(" ".join(claim.headline.split()), " ".join(claim.explanation.split()))
        inside = [s.text for s in located.turn.sentences if s.start >= located.start and s.end <= located.end]
        sentences = inside or [located.quote]
        return Wording(*as_said(sentences))

    def _refuse(
        self, claim: ClaimReply, wording: Wording, located: Located, episode: Episode, speakers: Sequence[str]
    ) -> str | None:
        said_by = located.turn.name
        if claim.speaker and said_by and not same_person(claim.speaker, said_by):
            return f"speaker: said by {said_by}, not by {claim.speaker}"
        if (words := count_words(claim.quote)) > MAX_WORDS:
            return f"quote: it has {words} words, and {MAX_WORDS} at most are shown"
        if gives_orders(located.context):
            return "orders to a model: the talk there speaks to a language model"
        if is_checkable(episode.language) and (fault := self._checker.fault(wording, located, episode, speakers)):
            return fault
        return too_weak(claim.worthiness, self._settings.min_worthiness)


def _once(ranked: Sequence[ClaimCandidate]) -> tuple[ClaimCandidate, ...]:
    """Usable candidates that share words with a better one are refused: neighbouring windows overlap."""
    kept: list[ClaimCandidate] = []
    for candidate in ranked:
        better = next((c for c in kept if c.rejected_reason is None and _overlap(c, candidate)), None)
        if better and candidate.rejected_reason is None:
            kept.append(replace(candidate, rejected_reason=f"said twice: the same words are in {better.claim_id}"))
        else:
            kept.append(candidate)
    return tuple(kept)


def _overlap(one: ClaimCandidate, other: ClaimCandidate) -> bool:
    """Whether two candidates share more than half of the shorter one's time."""
    shared = min(one.end_seconds, other.end_seconds) - max(one.start_seconds, other.start_seconds)
    shortest = min(one.end_seconds - one.start_seconds, other.end_seconds - other.start_seconds)
    return shared > shortest / 2
