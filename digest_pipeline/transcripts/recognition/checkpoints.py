"""What keeps a transcription from being done twice: its finished pieces, in the cache under the audio's hash.

A run that dies in the middle of a three-hour episode continues at the piece it was in. They wait until the episode's
transcript is stored.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from digest_pipeline.settings import Settings

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A finished piece, to be kept as the file ``name`` of the audio's folder. ``seconds`` of it are done then."""

    name: str
    content: bytes
    seconds: float


def load_checkpoints(settings: Settings, audio_sha256: str) -> dict[str, bytes]:
    """The finished pieces of a file, by name."""
    folder = _folder(settings, audio_sha256)
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.glob("*/*.json")}


def keep_checkpoints(
    steps: Iterable[Checkpoint | R],
    settings: Settings,
    audio_sha256: str,
    on_piece: Callable[[float], None] = lambda _: None,
) -> R:
    """Keep each checkpoint as it comes and call ``on_piece`` with the seconds done; what comes last is the result."""
    folder = _folder(settings, audio_sha256)
    results = []
    for step in steps:  # to their end: a worker that is left in the middle counts as lost
        if not isinstance(step, Checkpoint):
            results.append(step)
            continue
        file = folder / step.name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_bytes(step.content)
        draft.replace(file)
        on_piece(step.seconds)
    (result,) = results
    return result


def forget_checkpoints(settings: Settings, audio_sha256: str) -> None:
    """Drop the pieces of a file whose transcript is stored."""
    shutil.rmtree(_folder(settings, audio_sha256), ignore_errors=True)


def _folder(settings: Settings, audio_sha256: str) -> Path:
    return settings.cache / "transcription" / audio_sha256
