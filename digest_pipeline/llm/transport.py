"""One completion over litellm, with the provider's prompt cache, and what an exception of it means."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError

from digest_pipeline.compute import get_pool
from digest_pipeline.errors import WorkerLost
from digest_pipeline.feeds.fetching.answers import retry_after
from digest_pipeline.feeds.redaction import redact_text
from digest_pipeline.settings import Settings
from digest_pipeline.words import readable

LITELLMS_NAMES = re.compile(r"^(?:[\w.]+: )*(?:\w+Exception - )?")
# How servers name what they do not know, or cannot make a grammar of.
SCHEMA = re.compile(r"(?:response|json)[ _]?(?:format|schema)|grammar|structured output", re.IGNORECASE)
FLAGGED = re.compile(r"\b(?:in|out)put was flagged\b", re.IGNORECASE)  # OpenRouter says so with 403, of one question
MOST_TOKENS = 100_000_000  # of one call: far more than any model reads
MAX_SAID = 200  # letters of a server's own words: some send a whole page


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
    tokens_written: int = 0  # to the provider's prompt cache: Anthropic charges a quarter more for them
    is_cut: bool = False  # it ended at the limit of tokens
    is_refused: bool = False  # by the provider's content filter


def completion_from(body: object) -> Completion:
    """A completion from a response in OpenAI's form, which litellm gives whatever the provider. What is of another form
    (some servers answer with no choice at all) is an empty reply whose tokens nobody counted.
    """
    try:
        reply = _Reply.model_validate(body)
    except ValidationError:
        reply = _Reply()
    choice = next(iter(reply.choices or []), _Choice())
    message, usage = choice.message or _Message(), reply.usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    return Completion(
        text=readable(message.content or ""),  # half of an emoji can neither be kept nor sent back
        tokens_in=usage.prompt_tokens,
        tokens_out=usage.completion_tokens,
        tokens_cached=details.cached_tokens,
        tokens_written=details.cache_write_tokens,
        is_cut=choice.finish_reason == "length",
        is_refused=choice.finish_reason == "content_filter" or bool(message.refusal),
    )


def _counted(value: object) -> int:
    """A provider's count of tokens; 0, as if nobody had counted, where no reply can have so many."""
    return value if isinstance(value, int) and 0 <= value <= MOST_TOKENS else 0


Count = Annotated[int, BeforeValidator(_counted)]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message | None = None
    finish_reason: str | None = None


class _Details(BaseModel):
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0


class _Usage(BaseModel):
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    prompt_tokens_details: _Details | None = None


class _Reply(BaseModel):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


class CallFailed(Exception):
    """A call without a reply. What it means is said in values, since an exception of litellm cannot be pickled.

    Args:
        name: of the exception.
        said: by the server or the connection, without secrets.
        status: of HTTP, or the one that litellm gives a failure without an answer: 408 and 500.
        is_refused: the provider read it and refuses what it says; the same words are refused again.
        knows_no_schema: it would not have failed without one.
        retry_after: seconds that the server asked for.
    """

    def __init__(
        self,
        name: str,
        said: str,
        status: int,
        is_refused: bool = False,
        knows_no_schema: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(name, said, status, is_refused, knows_no_schema, retry_after)
        self.name, self.said, self.status, self.retry_after = name, said, status, retry_after
        self.is_refused, self.knows_no_schema = is_refused, knows_no_schema

    @property
    def is_rate_limit(self) -> bool:
        """The provider takes no more for the moment."""
        return self.status == 429

    @property
    def is_passing(self) -> bool:
        """Asking again may help: rate limits, time-outs, broken connections and servers in trouble."""
        return self.is_rate_limit or self.status == 408 or self.status >= 500

    @property
    def is_final(self) -> bool:
        """Every other call would fail as well: wrong key, no money, forbidden, no such model."""
        return self.status in {401, 402, 403, 404}

    @property
    def is_free(self) -> bool:
        """It surely cost nothing: the provider turned it away unread. Azure charges for what it read and refuses."""
        return 400 <= self.status < 500 and self.status != 408 and not self.is_refused


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
        if self._forces_schema:
            try:
                return self._send(messages, schema)
            except CallFailed as failure:
                if not failure.knows_no_schema:
                    raise
                self._forces_schema = False  # a server that knows no schemas; the prompt describes the form as well
        return self._send(messages, None)

    def _send(self, messages: Sequence[dict[str, str]], schema: type[BaseModel] | None) -> Completion:
        try:
            return self._pool.call(send, self._settings, messages, schema)
        except WorkerLost as lost:
            raise CallFailed(type(lost).__name__, str(lost), 500) from lost


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
            **options_of(settings),
            **prompt_cache(settings),
            **access(settings),
        )
    except OpenAIError as error:
        raise _failure(error, settings) from error
    return completion_from(response.model_dump())


def options_of(settings: Settings) -> dict[str, Any]:
    """How a model is to reply, in a batch or outside, as litellm's functions take it."""
    return {
        "temperature": 0,
        "max_tokens": settings.llm_max_output_tokens,
        "drop_params": True,  # some models take no temperature
    }


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


def _failure(error: Exception, settings: Settings) -> CallFailed:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    known = import_litellm().exceptions
    status = int(getattr(error, "status_code", 500))
    is_flagged = status == 403 and FLAGGED.search(str(error)) is not None
    return CallFailed(
        type(error).__name__,
        said_by(error, settings),
        status,
        is_refused=is_flagged or isinstance(error, known.ContentPolicyViolationError),
        knows_no_schema=isinstance(error, known.BadRequestError) and SCHEMA.search(str(error)) is not None,
        retry_after=retry_after(headers.get("retry-after")),
    )


def said_by(error: Exception, settings: Settings) -> str:
    """What an exception says, without litellm's own names before it and without addresses' and servers' secrets."""
    keys = (value for name, value in os.environ.items() if name.endswith("_API_KEY"))
    text = redact_text(str(error), settings.llm_api_key.get_secret_value(), *keys)
    return readable(LITELLMS_NAMES.sub("", text)).split("\n")[0][:MAX_SAID].strip()
