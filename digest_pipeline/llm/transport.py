"""One completion over litellm, with the provider's prompt cache, and what an exception of it means."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from digest_pipeline.compute import get_pool
from digest_pipeline.errors import WorkerLost
from digest_pipeline.settings import Settings
from digest_pipeline.words import readable


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
    """A completion from a response in OpenAI's form, which litellm gives whatever the provider. Some servers answer
    with no choice at all: that is an empty reply.
    """
    choice: dict[str, Any] = next(iter(body.get("choices") or []), {})
    message, usage = choice.get("message") or {}, body.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return Completion(
        text=readable(message.get("content") or ""),  # half of an emoji can neither be kept nor sent back
        tokens_in=int(usage.get("prompt_tokens") or 0),
        tokens_out=int(usage.get("completion_tokens") or 0),
        tokens_cached=int(details.get("cached_tokens") or 0),
        is_cut=choice.get("finish_reason") == "length",
        is_refused=choice.get("finish_reason") == "content_filter" or bool(message.get("refusal")),
    )


class CallFailed(Exception):
    """A call without a reply. What it means is said in values, since an exception of litellm cannot be pickled.

    Args:
        name: of the exception.
        text: of it.
        is_passing: asking again may help: rate limits, time-outs, broken connections and servers in trouble.
        is_final: every other call would fail as well: wrong key, no such model, no money.
        is_free: it surely cost nothing: the provider turned it away unread.
        is_refused: the provider read it and refuses what it says; the same words are refused again.
        knows_no_schema: it would not have failed without one.
        retry_after: what the server asked for, as it said it.
    """

    def __init__(
        self,
        name: str,
        text: str,
        is_passing: bool = False,
        is_final: bool = False,
        is_free: bool = False,
        knows_no_schema: bool = False,
        retry_after: str = "",
        is_refused: bool = False,
    ) -> None:
        super().__init__(name, text, is_passing, is_final, is_free, knows_no_schema, retry_after, is_refused)
        self.name, self.text, self.retry_after = name, text, retry_after
        self.is_passing, self.is_final, self.is_free = is_passing, is_final, is_free
        self.knows_no_schema, self.is_refused = knows_no_schema, is_refused


class Transport:
    """Sends completions to the model that the settings name. No tools are ever offered to the model."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._pool = settings, get_pool(settings)
        self._forces_schema = True

    def complete(self, messages: Sequence[dict[str, str]], schema: type[BaseModel]) -> Completion:
        """Send one completion, once.

        Raises:
            CallFailed: no reply.
        """
        try:
            return self._send(messages, schema if self._forces_schema else None)
        except CallFailed as failure:
            if not (self._forces_schema and failure.knows_no_schema):
                raise
            self._forces_schema = False  # a server that knows no schemas; the prompt describes the form as well
            return self._send(messages, None)

    def _send(self, messages: Sequence[dict[str, str]], schema: type[BaseModel] | None) -> Completion:
        try:
            return self._pool.call(send, self._settings, messages, schema)
        except WorkerLost as lost:
            raise CallFailed(type(lost).__name__, str(lost), is_passing=True) from lost


def send(settings: Settings, messages: Sequence[dict[str, str]], schema: type[BaseModel] | None) -> Completion:
    """One completion from this machine.

    Raises:
        CallFailed: no reply.
    """
    from openai import OpenAIError  # the base of every exception that litellm raises for a failed call

    litellm = import_litellm()
    try:
        response = litellm.completion(
            model=settings.llm_model,
            messages=[dict(message) for message in messages],  # litellm marks them for the provider's cache
            response_format=schema,
            temperature=0,
            max_tokens=settings.llm_max_output_tokens,
            drop_params=True,  # some models take no temperature
            **prompt_cache(settings),
            **access(settings),
        )
    except OpenAIError as error:
        raise _failure(error, litellm.exceptions) from error
    return completion_from(response.model_dump())


def access(settings: Settings) -> dict[str, Any]:
    """Where the model is reached and with which key, as litellm's functions take them."""
    return {
        "api_base": settings.llm_api_base or None,
        "api_key": settings.llm_api_key.get_secret_value() or None,
        "timeout": settings.llm_timeout_seconds,
        "max_retries": 0,  # every attempt is ours: it is booked
    }


def prompt_cache(settings: Settings) -> dict[str, Any]:
    """Marks the system message for providers whose cache has to be asked for; OpenAI's and others' need no mark."""
    model = settings.llm_model
    if not import_litellm().utils.supports_prompt_caching(model) or model.split("/")[0] in {"openai", "azure"}:
        return {}
    return {"cache_control_injection_points": [{"location": "message", "role": "system"}]}


def _failure(error: Exception, known: Any) -> CallFailed:
    passing = (
        known.RateLimitError, known.APIConnectionError, known.Timeout, known.InternalServerError,
        known.ServiceUnavailableError, known.BadGatewayError,
    )  # fmt: skip
    final = known.AuthenticationError, known.NotFoundError, known.PermissionDeniedError, known.PaymentRequiredError
    is_refused = isinstance(error, known.ContentPolicyViolationError)  # a bad request that Azure charges for
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return CallFailed(
        type(error).__name__,
        str(error),
        is_passing=isinstance(error, passing),
        is_final=isinstance(error, final),
        is_free=isinstance(error, (*final, known.RateLimitError, known.BadRequestError)) and not is_refused,
        knows_no_schema=isinstance(error, known.BadRequestError) and "response_format" in str(error),
        retry_after=str(headers.get("retry-after", "")),
        is_refused=is_refused,
    )
