"""Questions sent together through a provider's batch interface, at its lower price, when the settings allow the wait.

A batch only fills the books with replies: whoever asks afterwards finds them there, and what the batch did not bring is
asked one by one. It is noted when sent, so a run that died goes on waiting for it and pays once. After a batch whose
end nobody saw, what is asked one by one may be paid for twice, and the books say so.
"""

import io
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.llm.books import Books, LlmCall
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.prompt import Prompt, Reader, UnusableReply
from digest_pipeline.llm.transport import access, completion_from, import_litellm, said_by
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
POLL_SECONDS = 15.0
# How long a batch may take to stop, as OpenAI says. What it had answered by then is charged, and can be read.
STOP_MINUTES = 10.0
OVER = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, whose episode it is about, and how its reply is read."""

    prompt: Prompt
    episode_id: str
    read: Reader[Any]


class BatchSender:
    """Sends questions in one batch and books the replies."""

    def __init__(self, settings: Settings, client: LlmClient, books: Books) -> None:
        self._settings, self._client, self._books = settings, client, books
        self._litellm = import_litellm()
        self.sleep: Callable[[float], None] = time.sleep
        self.clock: Callable[[], float] = time.monotonic

    def send(self, questions: Sequence[Question]) -> None:
        """Send what the books do not answer and wait for it, at most ``llm_batch_minutes`` and until it has stopped.

        A provider without batches, a batch that fails, and one that the budget does not allow are logged: the questions
        stay unanswered. Those of a batch whose end is not seen are booked with the most that they can cost.
        """
        settings = self._settings
        by_key = {question.prompt.key(settings.llm_model): question for question in questions}
        kept = {key for key in by_key if self._books.reply(key) is not None or self._books.refusal(key) is not None}
        todo = {key: question for key, question in by_key.items() if key not in kept}
        if not todo:
            return
        share = self._client.prices.batch_share()
        from openai import OpenAIError

        words = [f"{q.prompt.system}\n{q.prompt.user}" for q in todo.values()]
        try:
            with self._client.budget.hold(*words, share=share) as most:
                self._fetch(todo, share, most / len(todo))
        except (BudgetExceeded, OpenAIError) as error:
            log.warning("no batch: %s", said_by(error, settings))

    def _fetch(self, todo: dict[str, Question], share: float, most: float) -> None:
        """``most``: dollars that one question can cost, as ``share`` of the list price is charged."""
        server = {**access(self._settings), "custom_llm_provider": self._provider}
        left = dict(todo)
        for batch_id, keys in self._books.open_batches(sorted(todo)):  # there may be other questions by now
            own = {key: question for key in keys if (question := left.pop(key, None))}
            self._read(batch_id, keys, own, share, most, server)
        if left:
            keys = sorted(left)
            self._read(self._create(keys, left, server), keys, left, share, most, server)

    def _read(
        self,
        batch_id: str,
        keys: Sequence[str],
        todo: dict[str, Question],
        share: float,
        most: float,
        server: dict[str, Any],
    ) -> None:
        """Wait for a batch and book its lines."""
        from openai import OpenAIError

        try:
            status, lines = self._outcome(batch_id, server)
        except OpenAIError as error:
            status, lines = f"its end was not seen: {type(error).__name__}", None
        if lines is None:
            log.warning("batch %s: %s", batch_id, status)
            self._book_unseen(todo, most)
        for line in lines or []:
            self._book(json.loads(line), todo, share, most)
        self._books.note_batch(batch_id, self._settings.llm_model, keys, status)

    def _create(self, keys: Sequence[str], todo: dict[str, Question], server: dict[str, Any]) -> str:
        lines = "\n".join(json.dumps(self._line(key, todo[key].prompt)) for key in keys)
        content = io.BytesIO(lines.encode())
        uploaded = self._litellm.create_file(file=("batch.jsonl", content), purpose="batch", **server)
        batch = self._litellm.create_batch(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id=uploaded.id, **server
        )
        self._books.note_batch(batch.id, self._settings.llm_model, keys, "sent")
        return str(batch.id)

    def _outcome(self, batch_id: str, server: dict[str, Any]) -> tuple[str, list[str] | None]:
        """What became of a batch, and the lines of its output; ``None``: they may exist, but could not be had."""
        from openai import OpenAIError

        def ended() -> Any:
            batch = self._litellm.retrieve_batch(batch_id=batch_id, **server)
            return batch if batch.status in OVER else None

        minutes = self._settings.llm_batch_minutes
        if (batch := self._patiently(ended, minutes)) is None:
            log.warning("batch %s took longer than %s minutes", batch_id, minutes)
            stops_within = 0.0
            with suppress(OpenAIError):  # it may just have ended
                self._litellm.cancel_batch(batch_id=batch_id, **server)
                stops_within = STOP_MINUTES
            batch = self._patiently(ended, stops_within)
        if batch is None:
            return "its end was not seen", None
        if not batch.output_file_id:
            return str(batch.status), []
        text = self._patiently(
            lambda: str(self._litellm.file_content(file_id=batch.output_file_id, **server).text), STOP_MINUTES
        )
        if text is None:
            return "its output could not be read", None
        # not splitlines, which cuts replies at Unicode's other line ends: JSON may hold those as they are
        return str(batch.status), [line for line in text.split("\n") if line.strip()]

    def _patiently(self, action: Callable[[], T | None], minutes: float) -> T | None:
        """What an action gives as soon as it gives something; ``None`` where the time is up before. Connections that
        break and servers in trouble are waited out.
        """
        from openai import APIConnectionError, InternalServerError, RateLimitError

        deadline = self.clock() + 60 * minutes
        while True:
            with suppress(APIConnectionError, InternalServerError, RateLimitError):
                if (found := action()) is not None:
                    return found
            if self.clock() >= deadline:
                return None
            self.sleep(POLL_SECONDS)

    def _book_unseen(self, todo: dict[str, Question], most: float) -> None:
        """Book questions that the provider may have answered, and may charge for."""
        usd = 0.0 if self._settings.llm_is_free else None
        for key, question in todo.items():
            call = replace(self._call(question, most), usd=usd, outcome="batch not seen to end")
            self._books.book(call, key)

    def _call(self, question: Question, most: float) -> LlmCall:
        prompt, model = question.prompt, self._settings.llm_model
        return LlmCall(question.episode_id, prompt.stage, model, prompt.version, usd_at_most=most)

    def _book(self, row: dict[str, Any], todo: dict[str, Question], share: float, most: float) -> None:
        key, response = row["custom_id"], row.get("response") or {}
        if key not in todo or response.get("status_code") != 200:
            return
        question = todo[key]
        completion = completion_from(response["body"])
        call = self._client.charged(self._call(question, most), completion, share)
        try:
            self._client.read_and_book(completion, call, key, question.read)
        except UnusableReply as fault:
            log.info("a reply of the batch cannot be used: %s", fault)

    @property
    def _provider(self) -> str:
        return str(self._litellm.get_llm_provider(self._settings.llm_model)[1])

    def _line(self, key: str, prompt: Prompt) -> dict[str, Any]:
        """A request in the form of OpenAI's batch files."""
        model = self._litellm.get_llm_provider(self._settings.llm_model)[0]
        body = {
            "model": model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "response_format": self._litellm.utils.type_to_response_format_param(prompt.schema),
            "max_completion_tokens": self._settings.llm_max_output_tokens,
        }
        return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
