"""Questions sent together through a provider's batch interface, at its lower price, when the settings allow the wait.

A batch only fills the books with replies: whoever asks afterwards finds them there, and what the batch did not bring is
asked one by one. It is noted when sent, so a run that died goes on waiting for it and pays once.
"""

import io
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.llm.books import Books, LlmCall
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.prompt import Prompt, Reader, UnusableReply
from digest_pipeline.llm.transport import access, completion_from, import_litellm
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
POLL_SECONDS = 15.0
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

    def send(self, questions: Sequence[Question]) -> None:
        """Send what the books do not answer and wait for it, at most ``llm_batch_minutes``.

        A provider without batches, a batch that fails, and one that the budget does not allow are logged: the questions
        stay unanswered.
        """
        settings = self._settings
        by_key = {question.prompt.key(settings.llm_model): question for question in questions}
        todo = {key: question for key, question in by_key.items() if self._books.reply(key) is None}
        if not todo:
            return
        share = self._client.prices.batch_share()
        from openai import OpenAIError

        words = [f"{q.prompt.system}\n{q.prompt.user}" for q in todo.values()]
        try:
            with self._client.budget.hold(*words, share=share):
                self._fetch(todo, share)
        except (BudgetExceeded, OpenAIError) as error:
            log.warning("no batch: %s", str(error)[:300])

    def _fetch(self, todo: dict[str, Question], share: float) -> None:
        server = {**access(self._settings), "custom_llm_provider": self._provider}
        keys = sorted(todo)
        batch_id = self._books.open_batch(keys)
        if batch_id is None:
            lines = "\n".join(json.dumps(self._line(key, todo[key].prompt)) for key in keys)
            content = io.BytesIO(lines.encode())
            uploaded = self._litellm.create_file(file=("batch.jsonl", content), purpose="batch", **server)
            batch = self._litellm.create_batch(
                completion_window="24h", endpoint="/v1/chat/completions", input_file_id=uploaded.id, **server
            )
            batch_id = batch.id
            self._books.note_batch(batch_id, self._settings.llm_model, keys, "sent")
        deadline = time.monotonic() + 60 * self._settings.llm_batch_minutes
        while (batch := self._litellm.retrieve_batch(batch_id=batch_id, **server)).status not in OVER:
            if time.monotonic() > deadline:
                self._litellm.cancel_batch(batch_id=batch_id, **server)
                self._books.note_batch(batch_id, self._settings.llm_model, keys, "too late")
                log.warning("batch %s took longer than %s minutes", batch_id, self._settings.llm_batch_minutes)
                return
            self.sleep(POLL_SECONDS)
        if batch.output_file_id:
            output = self._litellm.file_content(file_id=batch.output_file_id, **server)
            for line in output.text.splitlines():
                self._book(json.loads(line), todo, share)
        self._books.note_batch(batch_id, self._settings.llm_model, keys, batch.status)

    def _book(self, row: dict[str, Any], todo: dict[str, Question], share: float) -> None:
        key, response = row["custom_id"], row.get("response") or {}
        if key not in todo or response.get("status_code") != 200:
            return
        question = todo[key]
        call = LlmCall(question.episode_id, question.prompt.stage, self._settings.llm_model, question.prompt.version)
        completion = completion_from(response["body"])
        try:
            self._client.read_and_book(completion, self._client.charged(call, completion, share), key, question.read)
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
