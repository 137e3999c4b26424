"""Questions sent together through a provider's batch interface, at its lower price, when the settings allow the wait.

A batch only fills the books with replies: whoever asks afterwards finds them there, and what the batch did not bring is
asked one by one. It stands in the books before it is made, with the most that it can cost, so a run that died goes on
waiting for it and pays once. After a batch whose end nobody saw, what is asked one by one may be paid for twice; the
budget counts both, and a later run that still lacks a reply looks for it there.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from digest_pipeline.errors import BudgetExceeded
from digest_pipeline.llm.batch_service import BatchService, NoBatches, NobodyKnows
from digest_pipeline.llm.books import SENT, Books, LlmCall, batched
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.prompt import Prompt, Reader, UnusableReply
from digest_pipeline.llm.transport import completion_from, import_litellm, options_of, said_by
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
COMPLETED, OK = "completed", 200


class _Response(BaseModel):
    status_code: int = 0
    body: Any = None


class _Row(BaseModel):
    """A line of a batch's output, as much of it as is read. https://platform.openai.com/docs/guides/batch"""

    custom_id: str
    response: _Response | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, whose episode it is about, and how its reply is read."""

    prompt: Prompt
    episode_id: str
    read: Reader[Any]


class BatchSender:
    """Sends questions in batches and books the replies."""

    def __init__(self, settings: Settings, client: LlmClient, books: Books) -> None:
        self._settings, self._client, self._books = settings, client, books
        self._litellm = import_litellm()
        self.service = BatchService(settings)
        self._share = client.prices.batch_share()

    def send(self, questions: Sequence[Question]) -> None:
        """Send what the books do not answer and wait for it, at most ``llm_batch_minutes`` and until it has stopped.

        A batch takes what the budget has room for; what it did not spend makes room for another. A provider without
        batches, a batch that fails, and questions without room are logged, and stay unanswered.
        """
        from openai import OpenAIError

        by_key = {question.prompt.key(self._settings.llm_model): question for question in questions}
        todo = {key: by_key[key] for key in self._books.unanswered(list(by_key))}
        deadline = self.service.clock() + 60 * self._settings.llm_batch_minutes
        try:
            self.service.check()
            todo = self._take_up(todo, deadline)
            while todo and self._send_some(todo, deadline):
                pass
        except (BudgetExceeded, NoBatches, NobodyKnows, OpenAIError) as error:
            log.warning("no batch: %s", said_by(error, self._settings))

    def _take_up(self, todo: dict[str, Question], deadline: float) -> dict[str, Question]:
        """Wait for the batches that other runs sent; what is in none of them is left, for there may be more by now."""
        left = dict(todo)
        for name, keys, status in self._books.open_batches(sorted(todo)):
            batch_id = name if status == SENT else self._found(name, keys)
            if batch_id:
                own = {key: question for key in keys if (question := left.pop(key, None))}
                self._read(batch_id, keys, own, deadline)
        return left

    def _found(self, file_id: str, keys: Sequence[str]) -> str | None:
        """The batch of a file whose run died, or lost its connection, when it was to be made."""
        try:
            batch_id = self.service.made_of(file_id)
        except NobodyKnows as error:
            self._books.note_end(file_id, file_id, "not known whether it was made", [])
            log.warning("%s; its questions are asked again", error)
            return None
        if batch_id:
            self._books.note_sent(file_id, batch_id)
        else:
            self._books.note_end(file_id, file_id, "never made", keys)
        return batch_id

    def _send_some(self, left: dict[str, Question], deadline: float) -> bool:
        """Take out of the questions those that the budget has room for, in one batch; whether another may follow."""
        some = self._with_room(left)
        model, keys = self._settings.llm_model, sorted(some)
        lines = [json.dumps(self._line(key, some[key].prompt)) for key in keys]
        if (file_id := self.service.upload(lines, deadline)) is None:
            log.warning("no batch: the provider did not take its questions in time")
            return False
        self._books.note_sending(file_id, model, {key: self._unseen(some[key]) for key in keys})
        if (batch_id := self._create(file_id, keys, deadline)) is None:
            log.warning("no batch: the provider did not say in time whether it made one")
            return False
        self._books.note_sent(file_id, batch_id)
        for key in some:
            del left[key]
        return self._read(batch_id, keys, some, deadline) and self.service.clock() < deadline

    def _create(self, file_id: str, keys: Sequence[str], deadline: float) -> str | None:
        from openai import APIStatusError

        try:
            return self.service.create(file_id, deadline)
        except APIStatusError as error:
            self._books.note_end(file_id, file_id, f"not made: {type(error).__name__}", keys)
            raise

    def _with_room(self, left: Mapping[str, Question]) -> dict[str, Question]:
        """The questions that the budget has room for together.

        Raises:
            BudgetExceeded: for none.
        """
        spent = self._books.spent()
        room = self._client.budget.room(spent)
        some: dict[str, Question] = {}
        for key, question in left.items():
            room -= (most := self._most(question))
            if not some:
                self._client.budget.check(most, spent)
            elif room < 0:
                break
            some[key] = question
        return some

    def _read(self, batch_id: str, keys: Sequence[str], todo: dict[str, Question], deadline: float) -> bool:
        """Wait for a batch and book its lines; whether it went through."""
        from openai import NotFoundError, OpenAIError

        try:
            outcome = self.service.outcome(batch_id, deadline)
        except NotFoundError:
            self._books.note_end(batch_id, "", "unknown to the provider", [])
            log.warning("batch %s: the provider does not know it", batch_id)
            return False
        except OpenAIError as error:
            log.warning("batch %s: its end was not seen: %s", batch_id, said_by(error, self._settings))
            return False
        if outcome is None:
            log.warning("batch %s: its end was not seen", batch_id)
            return False
        rows = [row for line in outcome.lines if (row := _row(line))]
        answered = {key for row in rows if (key := self._book(row, todo, outcome.file_id))}
        is_read = len(rows) == len(outcome.lines)  # else what has no answer may have been charged for
        unanswered = sorted(set(keys) - answered) if is_read else []
        self._books.note_end(batch_id, outcome.file_id, outcome.status, unanswered)
        if missing := len(set(todo) - answered):
            log.warning("batch %s (%s): no reply to %s of %s questions", batch_id, outcome.status, missing, len(todo))
        return outcome.status == COMPLETED

    def _book(self, row: _Row, todo: dict[str, Question], file_id: str) -> str | None:
        """Book a line of a batch's output; its question's key, where it has an answer."""
        key = row.custom_id
        if row.response is None or row.response.status_code != OK:
            return None
        if key in todo:
            question = todo[key]
            completion = completion_from(row.response.body)
            call = self._client.charged(self._unseen(question), completion, self._share)
            try:
                self._client.read_and_book(completion, call, key, question.read, call_id=batched(file_id, key))
            except UnusableReply as fault:
                log.info("a reply of the batch cannot be used: %s", fault)
        return key

    def _unseen(self, question: Question) -> LlmCall:
        prompt = question.prompt
        call = LlmCall(question.episode_id, prompt.stage, self._settings.llm_model, prompt.version)
        return self._client.unseen(call, self._most(question))

    def _most(self, question: Question) -> float:
        return self._client.budget.most(_words(question), share=self._share)

    def _line(self, key: str, prompt: Prompt) -> dict[str, Any]:
        """A request in the form of OpenAI's batch files."""
        model, provider, *_ = self._litellm.get_llm_provider(self._settings.llm_model)
        options = self._litellm.utils.get_optional_params(  # as its completions have them
            model=model, custom_llm_provider=provider, response_format=prompt.schema, **options_of(self._settings)
        )
        body = {
            "model": model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            **{name: value for name, value in options.items() if name not in {"stream", "extra_body"}},
        }
        return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}


def _row(line: str) -> _Row | None:
    try:
        return _Row.model_validate_json(line)
    except ValidationError:
        log.warning("a line of the batch's output is of another form: %r", line[:80])
        return None


def _words(question: Question) -> str:
    return f"{question.prompt.system}\n{question.prompt.user}"
