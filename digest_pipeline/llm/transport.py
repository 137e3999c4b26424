"""One completion over litellm, with the provider's prompt cache, and what an exception of it means."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from digest_pipeline.settings import Settings


def import_litellm() -> Any:
    """litellm, told to ask the network for nothing but completions."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else the import asks for a price list
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply and what the provider counted. ``text`` is empty when the model said nothing or refused."""

    text: str
    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    is_cut: bool = False  # it ended at the limit of tokens
    is_refused: bool = False  # by the provider's content filter


def completion_from(body: dict[str, Any]) -> Completion:
    """A completion from a response in OpenAI's form, which litellm gives whatever the provider."""
    choice = body["choices"][0]
    message, usage = choice.get("message") or {}, body.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return Completion(
        text=message.get("content") or "",
        tokens_in=int(usage.get("prompt_tokens") or 0),
        tokens_out=int(usage.get("completion_tokens") or 0),
        tokens_cached=int(details.get("cached_tokens") or 0),
        is_cut=choice.get("finish_reason") == "length",
        is_refused=choice.get("finish_reason") == "content_filter" or bool(message.get("refusal")),
    )


class Transport:
    """Sends completions to the model that the settings name. No tools are ever offered to the model."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        from openai import OpenAIError

        self._litellm = import_litellm()
        self.failures = OpenAIError  # the base of every exception that litellm raises for a failed call
        self._forces_schema = True

    @property
    def litellm(self) -> Any:
        """The module."""
        return self._litellm

    def access(self) -> dict[str, Any]:
        """Where the model is reached and with which key, as litellm's functions take them."""
        settings = self._settings
        return {
            "api_base": settings.llm_api_base or None,
            "api_key": settings.llm_api_key.get_secret_value() or None,
            "timeout": settings.llm_timeout_seconds,
            "max_retries": 0,  # every attempt is ours: it is booked
        }

    def complete(self, messages: Sequence[dict[str, str]], schema: type[BaseModel]) -> Completion:
        """Send one completion, once.

        Raises:
            openai.OpenAIError: no reply; ``failures`` names it for callers.
        """
        try:
            return self._send(messages, schema if self._forces_schema else None)
        except self._litellm.exceptions.BadRequestError as error:
            if not self._forces_schema or "response_format" not in str(error):
                raise
            self._forces_schema = False  # a server that knows no schemas; the prompt describes the form as well
            return self._send(messages, None)

    def _send(self, messages: Sequence[dict[str, str]], schema: type[BaseModel] | None) -> Completion:
        settings = self._settings
        response = self._litellm.completion(
            model=settings.llm_model,
            messages=[dict(message) for message in messages],  # litellm marks them for the provider's cache
            response_format=schema,
            temperature=0,
            max_tokens=settings.llm_max_output_tokens,
            drop_params=True,  # some models take no temperature
            **self._prompt_cache(),
            **self.access(),
        )
        return completion_from(response.model_dump())

    def _prompt_cache(self) -> dict[str, Any]:
        """Marks the system message for providers whose cache has to be asked for; OpenAI's and others' need no mark."""
        model = self._settings.llm_model
        if not self._litellm.utils.supports_prompt_caching(model) or model.split("/")[0] in {"openai", "azure"}:
            return {}
        return {"cache_control_injection_points": [{"location": "message", "role": "system"}]}

    def is_passing(self, error: Exception) -> bool:
        """Whether asking again may help: rate limits, time-outs, broken connections and servers in trouble."""
        known = self._litellm.exceptions
        passing = (
            known.RateLimitError, known.APIConnectionError, known.Timeout, known.InternalServerError,
            known.ServiceUnavailableError, known.BadGatewayError,
        )  # fmt: skip
        return isinstance(error, passing)

    def is_final(self, error: Exception) -> bool:
        """Whether every other call would fail as well: wrong key, no such model, no money."""
        known = self._litellm.exceptions
        final = known.AuthenticationError, known.NotFoundError, known.PermissionDeniedError, known.PaymentRequiredError
        return isinstance(error, final)

    def is_free(self, error: Exception) -> bool:
        """Whether a failed call surely cost nothing: the provider turned it away unread."""
        known = self._litellm.exceptions
        return self.is_final(error) or isinstance(error, known.RateLimitError | known.BadRequestError)
