"""Reader of Podcasting 2.0 JSON, and of the JSON that Whisper's programs write, which hosts link in its place."""

import math
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from digest_pipeline.transcripts.cues import Cue
from digest_pipeline.transcripts.formats.markup import CLOCK, clean, seconds

Time = Annotated[float | str | None, Field(union_mode="left_to_right")]


class _Segment(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)  # speakers that are only numbered

    speaker: str | None = None
    start: Time = Field(default=None, validation_alias=AliasChoices("startTime", "start"))
    end: Time = Field(default=None, validation_alias=AliasChoices("endTime", "end"))
    body: str | None = Field(default=None, validation_alias=AliasChoices("body", "text"))


class _Transcript(BaseModel):
    segments: list[_Segment]


def read_json(text: str) -> Iterator[Cue]:
    """The segments of a document; what cannot be a time counts as none."""
    for row in _Transcript.model_validate_json(text).segments:
        yield Cue(clean(row.body or ""), clean(row.speaker or "") or None, _time(row.start), _time(row.end))


def _time(value: float | str | None) -> float | None:
    if isinstance(value, str):
        value = seconds(value) if re.fullmatch(CLOCK, value) else None
    return value if value is not None and math.isfinite(value) and value >= 0 else None
