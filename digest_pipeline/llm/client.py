"""Asks a language model: once for each content, within budget and rate limits, again when that may help."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import TypeVar

from digest_pipeline.llm.books import REFUSED_DAYS, Books, LlmCall
from digest_pipeline.llm.pace import Pace
from digest_pipeline.llm.prices import Budget, Prices, at_most_tokens
from digest_pipeline.llm.prompt import ModelUnavailable, Prompt, Reader, Refused, RepairableReply, UnusableReply
from digest_pipeline.llm.transport import CallFailed, Completion, Transport, import_litellm
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

RATE_LIMITED_ATTEMPTS = 7  # with the first pause of a second they last a minute, over which providers count
FAILURES_IN_A_ROW = 4  # questions without any reply after which the server is not asked again in this run
LONGEST_PAUSE_SECONDS = 60.0
REFUSED_BY_PROVIDER = "refused by the model's provider"
ASKED_AGAIN = f"it is asked again after {REFUSED_DAYS} days, or once raw.llm_refusals does not have it"
REPAIR = (
    "That reply cannot be used: {fault}. Answer the question again with one JSON object of the form that was asked for"
    " and nothing else."
)


class LlmClient:
    """The model that the settings name. Threads may share it."""

    def __init__(self, settings: Settings, books: Books) -> None:
        self._settings, self._books = settings, books
        self.transport = Transport(settings)
        self.prices = Prices(import_litellm(), settings)
        self.budget = Budget(self.prices, settings)
        self._pace = Pace(settings.llm_requests_per_minute, settings.llm_tokens_per_minute)
        self._lock = Lock()
        self._failures = 0
        self._down: str | None = None

    def ask(self, prompt: Prompt, read: Reader[T], episode_id: str) -> T:
        """The reply to a question, as ``read`` understands it.

        A reply that was paid for before is used again. One that cannot be read is asked for once more, with its fault.
        What was refused is not asked again for a while: the same words are refused again, and charged for again. Other
        bad requests are: they are free, and a key, a limit or an account that is put right mends them.

        Raises:
            Refused: by the provider, or twice by the model; now or the last time.
            UnusableReply: twice no reply that can be read.
            ModelUnavailable: no reply at all.
            BudgetExceeded: the call could cost more than is left, or its price is unknown.
        """
        key = prompt.key(self._settings.llm_model)
        call = LlmCall(episode_id, prompt.stage, self._settings.llm_model, prompt.version)
        known = self._books.known(key, call)
        if known.reply is not None:
            return read(known.reply).value
        if known.refusal is not None:
            raise Refused(known.refusal, remedy=ASKED_AGAIN)
        self.budget.check(self.budget.most(f"{prompt.system}\n{prompt.user}"), known.spent)  # before it waits its turn
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        try:
            return self._answer(messages, prompt, call, key, read)
        except RepairableReply as fault:
            messages += [
                {"role": "assistant", "content": fault.text or "(nothing)"},
                {"role": "user", "content": REPAIR.format(fault=fault)},
            ]
            return self._answer(messages, prompt, call, key, read, was_refused=fault.is_refusal)

    def unseen(self, call: LlmCall, most: float) -> LlmCall:
        """A call that is being made and can cost ``most`` dollars."""
        return replace(call, usd=0.0 if self._settings.llm_is_free else None, usd_at_most=most)

    def charged(self, call: LlmCall, completion: Completion, share: float = 1.0) -> LlmCall:
        """A call with what the provider counted; ``share`` of the list price is charged."""
        usd = self.prices.price(
            completion.tokens_in, completion.tokens_out, completion.tokens_cached, completion.tokens_written
        )
        return replace(
            call,
            tokens_in=completion.tokens_in,
            tokens_out=completion.tokens_out,
            tokens_cached=completion.tokens_cached,
            usd=None if usd is None else usd * share,
        )

    def _answer(
        self,
        messages: Sequence[dict[str, str]],
        prompt: Prompt,
        call: LlmCall,
        key: str,
        read: Reader[T],
        *,
        was_refused: bool = False,
    ) -> T:
        """What ``read`` makes of the reply, after as many attempts as the settings allow, or as wait for a rate limit
        to pass; each is booked.
        """
        words = "\n".join(message["content"] for message in messages)
        most, attempts = self.budget.most(words), 0
        while True:
            attempts += 1
            if self._down:
                raise ModelUnavailable(self._down)
            self._pace.wait(at_most_tokens(words))
            budget = self.budget
            has_room, check = partial(budget.has_room, most), partial(budget.check, most)
            with self._books.sent(self.unseen(call, most), has_room, check) as call_id:
                try:
                    completion = self.transport.complete(messages, prompt.schema)
                except CallFailed as error:
                    failure = error
                    usd = 0.0 if error.is_free or self._settings.llm_is_free else None
                    outcome = REFUSED_BY_PROVIDER if error.is_refused else error.name
                    failed = replace(call, usd=usd, usd_at_most=most, outcome=outcome)
                    self._books.book(failed, key, is_refused=error.is_refused, call_id=call_id)
                else:
                    with self._lock:
                        self._failures = 0
                    charged = self.charged(self.unseen(call, most), completion)
                    return self.read_and_book(completion, charged, key, read, was_refused=was_refused, call_id=call_id)
            if failure.is_refused:
                with self._lock:
                    self._failures = 0  # the server answers
                raise Refused(REFUSED_BY_PROVIDER, remedy=ASKED_AGAIN) from failure
            allowed = RATE_LIMITED_ATTEMPTS if failure.is_rate_limit else self._settings.llm_max_attempts
            if attempts >= allowed or not failure.is_passing:
                raise self._failed(failure) from failure
            time.sleep(self._pause(failure, attempts))

    def read_and_book(
        self,
        completion: Completion,
        call: LlmCall,
        key: str,
        read: Reader[T],
        *,
        call_id: str,
        was_refused: bool = False,
    ) -> T:
        """What ``read`` makes of a completion, which is booked whatever it is, in the place of ``call_id``.
        ``was_refused``: the model has refused the question once, and was told what form is wanted.

        Raises:
            Refused: by the provider, or by the model once more.
            RepairableReply: it cannot be read; asking again may help.
            UnusableReply: it cannot be read and asking again would not help.
        """
        try:
            if completion.is_refused:
                raise Refused(REFUSED_BY_PROVIDER)
            reading = read(completion.text)
        except UnusableReply as fault:
            is_refusal = isinstance(fault, Refused)
            problem: UnusableReply
            if completion.is_cut:
                problem = UnusableReply("cut off at the limit of tokens", remedy="raise llm_max_output_tokens")
            elif completion.is_refused or (is_refusal and was_refused):
                problem = Refused(fault.said, remedy=ASKED_AGAIN)
            else:
                problem = RepairableReply(fault.said, completion.text, is_refusal=is_refusal)
            is_final = isinstance(problem, Refused)
            self._books.book(replace(call, outcome=problem.said), key, is_refused=is_final, call_id=call_id)
            raise problem from None
        self._books.book(replace(call, outcome=reading.outcome), key, completion.text, call_id=call_id)
        return reading.value

    def _pause(self, failure: CallFailed, attempts: int) -> float:
        """Seconds to wait before the next attempt: what the server asked for, else longer each time."""
        longer = self._settings.llm_retry_seconds * 2 ** (attempts - 1)
        return min(longer if failure.retry_after is None else failure.retry_after, LONGEST_PAUSE_SECONDS)

    def _failed(self, failure: CallFailed) -> ModelUnavailable:
        log.warning("%s: %s", failure.name, failure.said)
        with self._lock:
            self._failures += 1
            if self._down:
                return ModelUnavailable(self._down)
            if failure.is_final:
                self._down = f"the model's server turned the call away ({failure.name}: {failure.said})"
            elif self._failures >= FAILURES_IN_A_ROW:
                self._down = (
                    f"the model's server failed {self._failures} times in a row and is not asked again"
                    f" ({failure.name}: {failure.said})"
                )
            return ModelUnavailable(self._down or f"the model's server failed ({failure.name})")
