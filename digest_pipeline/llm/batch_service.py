"""A provider's batch interface: a file of questions goes up, a batch is made of it, and its output is waited for.

Connections that break, rate limits and servers in trouble are waited out. A batch whose making was not answered is
looked for by its file, so that it is not made, and paid, twice.
"""

import io
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from digest_pipeline.errors import DigestError
from digest_pipeline.llm.transport import access, import_litellm
from digest_pipeline.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
POLL_SECONDS = 15.0
# How long a batch may take to stop, as OpenAI says. What it had answered by then is charged, and can be read.
STOP_MINUTES = 10.0
# Whose batches are of OpenAI's form. litellm reaches others too, but their files are asked and answered in their own.
PROVIDERS = frozenset({"openai", "azure", "hosted_vllm", "litellm_proxy"})
OVER = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch that was made of the file ``file_id``: the lines of its output, none where it has none."""

    status: str
    file_id: str
    lines: Sequence[str]


class NoBatches(DigestError):
    """The provider has no batches, or such as are not known here."""


class NobodyKnows(DigestError):
    """Whether a batch was made of a file: no answer came, and the provider has no list of its batches."""


class BatchService:
    """Batches of the provider that the settings name. Its exceptions are OpenAI's, whatever the provider."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._litellm = settings, import_litellm()
        self.sleep: Callable[[float], None] = time.sleep
        self.clock: Callable[[], float] = time.monotonic

    def check(self) -> None:
        """Refuse a provider whose batches cannot be asked and read.

        Raises:
            NoBatches: it is one.
            OpenAIError: it is none that litellm knows.
        """
        if (name := self._provider["custom_llm_provider"]) not in PROVIDERS:
            raise NoBatches(f"those of {name}, if it has any, are of another form than OpenAI's")

    def upload(self, lines: Sequence[str], deadline: float) -> str | None:
        """The id of a file of questions; ``None``: the provider did not take it in time."""

        def upload() -> str:
            content = io.BytesIO("\n".join(lines).encode())
            file = self._litellm.create_file(file=("batch.jsonl", content), purpose="batch", **self._provider)
            return str(file.id)

        return self._patiently(upload, deadline)

    def create(self, file_id: str, deadline: float) -> str | None:
        """The id of a batch made of a file; ``None``: it may have been made, but no answer said so.

        Raises:
            NobodyKnows: as above, and it cannot be found out.
            OpenAIError: the provider makes none.
        """
        attempts = 0

        def create() -> str:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and (made := self.made_of(file_id)):
                return made
            batch = self._litellm.create_batch(
                completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file_id, **self._provider
            )
            return str(batch.id)

        return self._patiently(create, deadline)

    def made_of(self, file_id: str) -> str | None:
        """The id of the batch that was made of a file, if one was: among the provider's latest hundred.

        Raises:
            NobodyKnows: it has no such list.
            OpenAIError: it does not answer.
        """
        from openai import APIStatusError, InternalServerError, RateLimitError

        try:
            batches = self._litellm.list_batches(limit=100, **self._provider)
        except (InternalServerError, RateLimitError):
            raise
        except APIStatusError as error:
            raise NobodyKnows(f"the provider does not say whether a batch was made of {file_id}") from error
        return next((str(batch.id) for batch in batches.data if batch.input_file_id == file_id), None)

    def outcome(self, batch_id: str, deadline: float) -> Outcome | None:
        """What became of a batch, which is cancelled when the time is up; ``None``: nobody saw its end or its output.

        Raises:
            OpenAIError: the provider does not tell.
        """
        from openai import OpenAIError

        def ended() -> Any:
            batch = self._litellm.retrieve_batch(batch_id=batch_id, **self._provider)
            return batch if batch.status in OVER else None

        if (batch := self._patiently(ended, deadline)) is None:
            log.warning("batch %s takes longer than llm_batch_minutes", batch_id)
            stops_by = self.clock()
            with suppress(OpenAIError):  # it may just have ended
                self._litellm.cancel_batch(batch_id=batch_id, **self._provider)
                stops_by += 60 * STOP_MINUTES
            batch = self._patiently(ended, stops_by)
        if batch is None:
            return None
        if not batch.output_file_id:
            return Outcome(str(batch.status), str(batch.input_file_id), [])
        text = self._patiently(lambda: self._text_of(batch.output_file_id), self.clock() + 60 * STOP_MINUTES)
        if text is None:
            return None
        # not splitlines, which cuts replies at Unicode's other line ends: JSON may hold those as they are
        lines = [line for line in text.split("\n") if line.strip()]
        return Outcome(str(batch.status), str(batch.input_file_id), lines)

    @property
    def _provider(self) -> dict[str, Any]:
        provider = str(self._litellm.get_llm_provider(self._settings.llm_model)[1])
        return {**access(self._settings), "custom_llm_provider": provider}

    def _text_of(self, file_id: str) -> str:
        return str(self._litellm.file_content(file_id=file_id, **self._provider).text)

    def _patiently(self, action: Callable[[], T | None], deadline: float) -> T | None:
        """What an action gives as soon as it gives something; ``None`` where the time is up before."""
        from openai import APIConnectionError, InternalServerError, RateLimitError

        while True:
            with suppress(APIConnectionError, InternalServerError, RateLimitError):
                if (found := action()) is not None:
                    return found
            if self.clock() >= deadline:
                return None
            self.sleep(POLL_SECONDS)
