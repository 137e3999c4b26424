"""What a model must reply, and how it is read: validated claim by claim, each fault by its kind."""

import json
import re
from typing import Any, Literal, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, ValidationError

from digest_pipeline.llm.prompt import Reading, Refused, UnusableReply

Kind = Literal["claim", "prediction", "number", "contrarian", "how-to"]
MAX_CLAIMS = 40
LONGEST = {"headline": 300, "explanation": 900, "quote": 2000, "speaker": 100}
SORRY = re.compile(r"\b(?:sorry|cannot|can['’]t|unable|not able|won['’]t|decline)\b", re.IGNORECASE)
OBJECT = re.compile(r'\{\s*["}]')  # where one begins: thoughts and prose in front of it may have braces as well
DECODER = json.JSONDecoder(strict=False)  # reads to the object's end, and takes line ends in texts as they are
M = TypeVar("M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class ClaimReply(_Strict):
    """A claim as the model words it."""

    headline: str
    explanation: str
    quote: str
    speaker: str
    kind: Kind
    entities: list[str]
    worthiness: float


class ClaimsReply(_Strict):
    """The claims of a window."""

    claims: list[ClaimReply]


class WordingReply(_Strict):
    """New wording of a claim that was found without a model."""

    headline: str
    explanation: str
    kind: Kind
    entities: list[str]


def read_claims(text: str) -> Reading[list[ClaimReply]]:
    """The claims of a reply; those of another form are left out, and so are the ones after a cut.

    Raises:
        UnusableReply: there is no claim to be read where the reply has some.
    """
    data, is_cut = json_in(text)
    rows = data.get("claims")
    if not isinstance(rows, list):
        raise UnusableReply("truncated JSON" if is_cut else "JSON of another form")
    claims = [claim for row in rows[:MAX_CLAIMS] if (claim := _valid(ClaimReply, row)) is not None]
    left_out = len(rows) - len(claims)
    if (is_cut or rows) and not claims:
        raise UnusableReply("truncated JSON" if is_cut else "JSON of another form")
    if is_cut:
        return Reading(claims, "ok, whole claims of truncated JSON kept")
    return Reading(claims, "ok, claims of another form left out" if left_out else "ok")


def read_wording(text: str) -> Reading[WordingReply]:
    """The wording in a reply.

    Raises:
        UnusableReply: there is none.
    """
    data, is_cut = json_in(text)
    wording = _valid(WordingReply, data)
    if wording is None or is_cut:
        raise UnusableReply("truncated JSON" if is_cut else "JSON of another form")
    return Reading(wording)


def json_in(text: str) -> tuple[dict[str, Any], bool]:
    """The JSON object in a reply, which models wrap in prose or a code fence, and whether its end is missing."""
    if not text.strip():
        raise UnusableReply("empty reply")
    found = OBJECT.search(text)
    if found is None:
        raise Refused("refusal") if SORRY.search(text[:300]) else UnusableReply("prose instead of JSON")
    try:
        return DECODER.raw_decode(text, found.start())[0], False
    except (ValueError, RecursionError):
        try:
            return pydantic_core.from_json(text[found.start() :], allow_partial=True), True
        except ValueError:
            raise UnusableReply("broken JSON") from None


def _valid(model: type[M], row: object) -> M | None:
    try:
        value = model.model_validate(row)
    except ValidationError:
        return None
    too_long = any(len(getattr(value, name, "")) > most for name, most in LONGEST.items())
    worthiness = getattr(value, "worthiness", 0.0)
    is_empty = not getattr(value, "headline", "").strip()
    return None if too_long or is_empty or not 0 <= worthiness <= 1 else value
