"""Reader of Podcasting 2.0 JSON."""

import math
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from digest_pipeline.transcripts.cues import Cue
from digest_pipeline.transcripts.formats.markup import clean
from digest_pipeline.words import readable


class _Segment(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)  # speakers that are only numbered

    speaker: str | None = None
    start: float | None = Field(default=None, alias="startTime")
    end: float | None = Field(default=None, alias="endTime")
    body: str


class _Transcript(BaseModel):
    segments: list[_Segment]


def read_json(text: str) -> Iterator[Cue]:
    """The segments of a document; what cannot be a time counts as none."""
    for row in _Transcript.model_validate_json(text).segments:
        yield Cue(clean(row.body), row.speaker and readable(row.speaker), _time(row.start), _time(row.end))


def _time(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None
