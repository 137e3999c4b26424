"""Reader of Podcasting 2.0 JSON, and of what recognisers write, which hosts link in its place.

These are Whisper's programs, whisper.cpp among them, AssemblyAI and Deepgram; and some write a list of segments alone.
"""

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, model_validator

from digest_pipeline.transcripts.publisher.cues import Cue
from digest_pipeline.transcripts.publisher.formats.markup import CLOCK, clean, seconds

Time = Annotated[float | str | None, Field(union_mode="left_to_right")]


ASSEMBLYAI = ("utterances", "sentences", "words")  # the speakers' turns, or what there is instead; in milliseconds


class _Segment(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)  # speakers that are only numbered

    speaker: str | None = None
    start: Time = Field(
        default=None, validation_alias=AliasChoices("startTime", "start", AliasPath("timestamps", "from"))
    )
    end: Time = Field(default=None, validation_alias=AliasChoices("endTime", "end", AliasPath("timestamps", "to")))
    body: str | None = Field(
        default=None, validation_alias=AliasChoices("body", "text", "transcript", "punctuated_word", "word")
    )


class _Transcript(BaseModel):
    segments: list[_Segment] = Field(validation_alias=AliasChoices("segments", "transcription"))
    seconds_per_unit: float = 1.0

    @model_validator(mode="before")
    @classmethod
    def _from_list_or_utterances(cls, document: Any) -> Any:
        if isinstance(document, list):
            return {"segments": document}
        if not isinstance(document, dict):
            return document
        if "segments" not in document and (
            found := next((document[name] for name in ASSEMBLYAI if document.get(name)), None)
        ):
            return {"segments": found, "seconds_per_unit": 0.001}
        if isinstance(document.get("results"), dict):
            document = {"segments": _of_deepgram(document["results"])}
        return {**document, "seconds_per_unit": 1.0}


def _of_deepgram(results: dict[str, Any]) -> Any:
    """Turns, else the words of a recording that has one channel: those of several would have to be put in order."""
    if results.get("utterances"):
        return results["utterances"]
    match results:
        case {"channels": [{"alternatives": [{"words": words}, *_]}]}:
            return words
    return None


def read_json(text: str) -> Iterator[Cue]:
    """The segments of a document; what cannot be a time counts as none."""
    transcript = _Transcript.model_validate_json(text)
    for row in transcript.segments:
        start, end = (_time(value, transcript.seconds_per_unit) for value in (row.start, row.end))
        yield Cue(clean(row.body or ""), clean(row.speaker or "") or None, start, end)


def _time(value: float | str | None, seconds_per_unit: float) -> float | None:
    if isinstance(value, str):
        return seconds(value) if re.fullmatch(CLOCK, value) else None
    return value * seconds_per_unit if value is not None and math.isfinite(value) and value >= 0 else None
