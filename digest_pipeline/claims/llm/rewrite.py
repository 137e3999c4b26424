"""The cheap use of a language model, behind ``extractor = "rewrite"``: claims are found without it, it words the best.

It runs where the day's candidates are complete, before anything is embedded or scored, so that themes, scores and the
digest all see one wording. A wording that fails a check is kept as a refused candidate of its own, and the claim stays
as it was found.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from digest_pipeline.claims.checks.checker import WordingChecker, said_entities
from digest_pipeline.claims.checks.faithfulness import Wording, is_checkable
from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.grounding import CONTEXT_CHARACTERS, Located
from digest_pipeline.claims.llm.prompts import REWRITE_VERSION, rewrite_prompt
from digest_pipeline.claims.llm.replies import WordingReply, read_wording
from digest_pipeline.claims.turns import Turn
from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.llm.batch import BatchSender, Question
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.prompt import ModelUnavailable, Prompt, UnusableReply
from digest_pipeline.models import ClaimCandidate, Episode, Segment, stable_id
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.speakers import is_named

VERBATIM = 100.0


@dataclass(frozen=True, slots=True)
class Rewording:
    """What became of a claim: ``reworded`` is its new form, refused with a reason or not; ``fault``: there is none."""

    original: ClaimCandidate
    reworded: ClaimCandidate | None
    fault: str | None = None


class Rewriter:
    """Finds claims as ``ExtractiveExtractor`` does, and words chosen ones anew."""

    name = "rewrite"

    def __init__(
        self, settings: Settings, client: LlmClient, finder: ExtractiveExtractor, batches: BatchSender | None = None
    ) -> None:
        self._settings, self._client, self._finder, self._batches = settings, client, finder, batches
        self._checker = WordingChecker(settings)

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript."""
        return stable_id(
            "x", self.name, self._settings.llm_model, REWRITE_VERSION, self._checker.name, self._finder.key
        )

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The candidates of an episode as they are found, not reworded yet."""
        return self._finder.extract(episode, segments)

    def reword(self, chosen: Sequence[tuple[Episode, Sequence[Segment], ClaimCandidate]]) -> list[Rewording]:
        """New wordings of claims, in the same order. Those that the checks cannot read keep their words."""
        places = list(self._places(chosen))
        if self._batches:
            self._batches.send(
                [
                    Question(self._prompt(episode, located), episode.episode_id, read_wording)
                    for (episode, _, _), located in zip(chosen, places, strict=True)
                    if located
                ]
            )
        with ThreadPoolExecutor(self._settings.llm_concurrency) as pool:
            return list(pool.map(self._reword, chosen, places))

    def _places(self, chosen: Iterable[tuple[Episode, Sequence[Segment], ClaimCandidate]]) -> Iterator[Located | None]:
        """Where each claim stands, ``None`` where the checks do not know its language; an episode is read once."""
        turns: dict[str, list[Turn]] = {}
        for episode, segments, claim in chosen:
            if not is_checkable(episode.language):
                yield None
                continue
            if episode.episode_id not in turns:
                turns[episode.episode_id] = self._finder.turns(episode, segments)
            yield _place(claim, turns[episode.episode_id])

    def _prompt(self, episode: Episode, located: Located) -> Prompt:
        return rewrite_prompt(episode, located.turn, located.start, located.end, CONTEXT_CHARACTERS)

    def _reword(self, chosen: tuple[Episode, Sequence[Segment], ClaimCandidate], located: Located | None) -> Rewording:
        episode, segments, claim = chosen
        if not located:
            return Rewording(claim, None)
        try:
            reply = self._client.ask(self._prompt(episode, located), read_wording, episode.episode_id)
        except (UnusableReply, ModelUnavailable, BudgetExceeded) as fault:
            return Rewording(claim, None, str(fault))
        speakers = sorted({s.speaker for s in segments if s.speaker and is_named(s.speaker)})
        return Rewording(claim, self._reworded(claim, reply, located, episode, speakers))

    def _reworded(
        self, claim: ClaimCandidate, reply: WordingReply, located: Located, episode: Episode, speakers: Sequence[str]
    ) -> ClaimCandidate:
        wording = Wording(" ".join(reply.headline.split()), " ".join(reply.explanation.split()))
        return replace(
            claim,
            claim_id=stable_id("cl", claim.claim_id, self._settings.llm_model, wording.headline, wording.explanation),
            headline=wording.headline,
            explanation=wording.explanation,
            extractor=self.name,
            model=self._settings.llm_model,
            prompt_version=REWRITE_VERSION,
            rejected_reason=self._checker.fault(wording, located, episode, speakers),
            kind=reply.kind,
            entities=said_entities(reply.entities, located),
            quote_score=VERBATIM,
        )


def _place(claim: ClaimCandidate, turns: Iterable[Turn]) -> Located:
    """Where a claim's verbatim quote stands."""
    for turn in turns:
        if turn.segments[0].position <= claim.first_position <= turn.segments[-1].position:
            at = turn.text.find(claim.quote)
            while at >= 0:
                if turn.locate(at, at + len(claim.quote))[0] == claim.first_position:
                    return Located(turn, at, at + len(claim.quote), VERBATIM)
                at = turn.text.find(claim.quote, at + 1)
    raise ValueError(f"the quote of {claim.claim_id} is not in the segments that it was cut from")
