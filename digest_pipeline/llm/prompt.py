"""What is asked, and what becomes of a reply that cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from digest_pipeline.errors import DigestError
from digest_pipeline.models import stable_id

T = TypeVar("T")


class UnusableReply(DigestError):
    """A reply that cannot be read. The message is the kind of fault."""


class Refused(UnusableReply):
    """No answer, but a refusal of the question, by the model or its provider."""


class RepairableReply(UnusableReply):
    """A reply that cannot be read, and that the model may mend when it is told. ``text`` is what it said; with
    ``is_refusal`` it says that it will not answer.
    """

    def __init__(self, fault: str, text: str, *, is_refusal: bool = False) -> None:
        super().__init__(fault)
        self.text, self.is_refusal = text, is_refusal


class ModelUnavailable(DigestError):
    """No reply came: the model's server failed, refused the key, or has failed too often to be asked again."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question.

    ``system`` is the same for all questions of a stage, so that a provider's prompt cache holds it; ``version`` changes
    with its wording. ``schema`` is what the reply is forced to where the provider can do that.
    """

    stage: str
    version: str
    system: str
    user: str
    schema: type[BaseModel]

    def key(self, model: str) -> str:
        """What a reply is kept under: content, model and prompt version."""
        return stable_id("llm", model, self.version, self.system, self.user)


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What was read from a reply; ``outcome`` is ``ok``, and what was left out of it."""

    value: T
    outcome: str = "ok"


Reader = Callable[[str], Reading[T]]  # raises UnusableReply
