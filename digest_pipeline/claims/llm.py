"""Claim candidates with an LLM, any that litellm reaches, behind the setting ``extractor = "llm"``.

The model proposes, the transcript decides: every quote is located in the talk and every wording held against it
(``grounding``). A window whose reply cannot be used falls back to the extractive result for that window.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pydantic import BaseModel, Field, ValidationError

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.grounding import Located, locate_quote, unfaithful
from digest_pipeline.claims.prompts import PROMPT_VERSION, SYSTEM, USER
from digest_pipeline.claims.turns import Turn, turns_of
from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.models import ClaimCandidate, Episode, Segment, stable_id
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
STAGE = "claims"


class _Claim(BaseModel):
    headline: str = Field(min_length=15, max_length=400)
    explanation: str = Field(max_length=1200)
    quote: str = Field(max_length=2000)
    speaker: str = ""
    worthiness: float = Field(ge=0, le=1)


class _Reply(BaseModel):
    claims: list[_Claim] = Field(max_length=40)


@dataclass(frozen=True, slots=True)
class LlmCall:
    """One call for the books. ``usd`` is ``None`` where the price is unknown."""

    episode_id: str
    model: str
    tokens_in: int
    tokens_out: int
    usd: float | None
    cached: bool
    outcome: str


class Ledger(Protocol):
    """Where calls are booked and replies kept."""

    def reply(self, cache_key: str) -> str | None:
        """A reply that was paid for before."""

    def book(self, call: LlmCall, cache_key: str, reply: str | None) -> None:
        """Keep a call, and its reply when it was usable, in one transaction."""

    def spent(self) -> tuple[float, float]:
        """US dollars spent by this run and on this calendar day."""


class LlmExtractor:
    """Finds claims with an LLM, checked against the transcript."""

    name = "llm"

    def __init__(self, settings: Settings, ledger: Ledger, fallback: ExtractiveExtractor) -> None:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import asks the network for prices
        import litellm
        from openai import OpenAIError  # the base of every exception that litellm raises for a failed call

        litellm.suppress_debug_info = True
        litellm.telemetry = False
        self._litellm: Any = litellm
        self._openai_error = OpenAIError
        self._settings = settings
        self._ledger = ledger
        self._fallback = fallback

    @property
    def key(self) -> str:
        """What the result depends on besides the transcript."""
        words = str(self._settings.llm_window_words)
        return stable_id("x", self.name, self._settings.llm_model, PROMPT_VERSION, words, self._fallback.key)

    def extract(self, episode: Episode, segments: Sequence[Segment]) -> Extraction:
        """The candidates of an episode; what fails a check is kept with its reason."""
        turns = turns_of(segments, episode.language)
        by_first_position = self._fallback.extract(episode, segments)
        candidates: dict[str, ClaimCandidate] = {}
        faults: list[str] = []
        windows = list(_windows([t for t in turns if not t.is_ad and not t.doubt], self._settings.llm_window_words))
        for window in windows:
            reply, fault = self._ask(episode, window)
            if reply is None:
                faults.append(fault)
                first, last = window[0].segments[0].position, window[-1].segments[-1].position
                found = [c for c in by_first_position.candidates if first <= c.first_position <= last]
            else:
                found = [self._candidate(episode, claim, window) for claim in reply.claims]
            candidates |= {candidate.claim_id: candidate for candidate in found}
        ranked = sorted(candidates.values(), key=lambda c: (-c.worthiness, c.claim_id))
        note = None
        if faults:
            note = f"{len(faults)} of {len(windows)} windows by the extractive method: {'; '.join(sorted(set(faults)))}"
            log.warning("%s · %s: %s", episode.show, episode.title, note)
        return Extraction(tuple(ranked), len(windows), note)

    def _candidate(self, episode: Episode, claim: _Claim, window: Sequence[Turn]) -> ClaimCandidate:
        located = locate_quote(claim.quote, window)
        if located is None:
            turn = window[0]
            place = Located(turn, 0, 0, 0.0)
            reason: str | None = "the quote is not in the transcript"
        else:
            turn, place = located.turn, located
            reason = self._refuse(claim, located, episode)
        first, last, start, end = turn.locate(place.start, max(place.end, place.start + 1))
        return ClaimCandidate(
            claim_id=stable_id("cl", episode.episode_id, self._settings.llm_model, claim.headline, claim.quote),
            episode_id=episode.episode_id,
            headline=" ".join(claim.headline.split()),
            explanation=" ".join(claim.explanation.split()),
            quote=place.quote if located else claim.quote,
            speaker=turn.speaker if located else None,
            start_seconds=start,
            end_seconds=end,
            first_position=first,
            last_position=last,
            worthiness=round(claim.worthiness, 4),
            is_ad=False,
            extractor=self.name,
            model=self._settings.llm_model,
            prompt_version=PROMPT_VERSION,
            rejected_reason=reason,
        )

    def _refuse(self, claim: _Claim, located: Located, episode: Episode) -> str | None:
        said_by = located.turn.speaker
        if claim.speaker and said_by and claim.speaker.split()[0].lower() not in said_by.lower():
            return f"said by {said_by}, not by {claim.speaker}"
        names = f"{said_by or ''} {episode.show} {episode.title}"
        if fault := unfaithful(claim.headline, claim.explanation, located, also_known=names):
            return fault
        if claim.worthiness < self._settings.min_worthiness:
            return f"worthiness {claim.worthiness:.2f} is under {self._settings.min_worthiness:.2f}"
        return None

    def _ask(self, episode: Episode, window: Sequence[Turn]) -> tuple[_Reply | None, str]:
        """The model's reply for a window, or ``None`` and why there is no usable one."""
        spoken = "\n".join(f"{turn.speaker or 'Speaker'}: {turn.text}" for turn in window)
        prompt = USER.format(show=episode.show, episode=episode.title, transcript=spoken.replace("</transcript>", ""))
        key = stable_id("llm", self._settings.llm_model, PROMPT_VERSION, SYSTEM, prompt)
        call = LlmCall(episode.episode_id, self._settings.llm_model, 0, 0, 0.0, cached=True, outcome="ok")
        if kept := self._ledger.reply(key):
            self._ledger.book(call, key, None)
            return _Reply.model_validate_json(kept), ""
        try:
            self._check_budget(prompt)
            text, call = self._complete(prompt, call)
            reply = _Reply.model_validate_json(_json_in(text))
        except BudgetExceeded as error:
            return None, str(error)
        except ValidationError:
            self._ledger.book(replace(call, outcome="the reply is not the JSON that was asked for"), key, None)
            return None, "the reply is not the JSON that was asked for"
        except self._openai_error as error:
            return None, self._book_failure(call, key, error)
        self._ledger.book(call, key, reply.model_dump_json())
        return reply, ""

    def _book_failure(self, call: LlmCall, key: str, error: Exception) -> str:
        outcome = type(error).__name__
        self._ledger.book(replace(call, cached=False, usd=None, outcome=outcome), key, None)
        return f"the model's server failed ({outcome})"

    def _complete(self, prompt: str, call: LlmCall) -> tuple[str, LlmCall]:
        settings = self._settings
        response = self._litellm.completion(
            model=settings.llm_model,
            messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}],
            response_format=_Reply,
            temperature=0,
            timeout=settings.llm_timeout_seconds,
            num_retries=2,
            api_base=settings.llm_api_base or None,
            api_key=settings.llm_api_key.get_secret_value() or None,
        )
        usage = response.usage
        call = replace(
            call,
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
            usd=self._price(usage.prompt_tokens, usage.completion_tokens),
            cached=False,
        )
        return response.choices[0].message.content or "", call

    def _price(self, tokens_in: int, tokens_out: int) -> float | None:
        if self._settings.llm_is_free:
            return 0.0
        try:
            costs = self._litellm.cost_per_token(
                model=self._settings.llm_model, prompt_tokens=tokens_in, completion_tokens=tokens_out
            )
        except (self._litellm.exceptions.ModelNotMappedError, self._litellm.exceptions.NotFoundError):
            return None
        return float(sum(costs))

    def _check_budget(self, prompt: str) -> None:
        settings = self._settings
        expected = self._price(len(prompt) // 3, 1500)  # at most: three characters a token, a long reply
        if expected is None:
            raise BudgetExceeded(
                f"the price of {settings.llm_model} is unknown",
                remedy="set DIGEST_LLM_IS_FREE=1 for a model that costs nothing",
            )
        run, day = self._ledger.spent()
        if run + expected > settings.llm_budget_usd_per_run:
            raise BudgetExceeded(
                f"the run's budget of {settings.llm_budget_usd_per_run} USD is used up",
                remedy="raise llm_budget_usd_per_run",
            )
        if day + expected > settings.llm_budget_usd_per_day:
            raise BudgetExceeded(
                f"the day's budget of {settings.llm_budget_usd_per_day} USD is used up",
                remedy="raise llm_budget_usd_per_day",
            )


def _windows(turns: Sequence[Turn], words: int) -> list[list[Turn]]:
    """Stretches of whole turns of about ``words`` words."""
    windows: list[list[Turn]] = []
    size = words
    for turn in turns:
        length = len(turn.text.split())
        if size + length > words:
            windows.append([])
            size = 0
        windows[-1].append(turn)
        size += length
    return windows


def _json_in(text: str) -> str:
    """The JSON object in a reply: models wrap it in prose or a code fence."""
    start, end = text.find("{"), text.rfind("}")
    candidate = text[start : end + 1] if 0 <= start < end else text
    try:
        json.loads(candidate)
    except ValueError:
        return text
    return candidate
