"""Where everything lies: one home folder."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

ENV_PREFIX = "DIGEST_"


def home_folder() -> Path:
    """The folder that holds everything: ``DIGEST_HOME``, else a data folder in the user's home."""
    chosen = os.environ.get(f"{ENV_PREFIX}HOME", "").strip()
    return _absolute(Path(chosen)) if chosen else Path(platformdirs.user_data_dir("digest"))


def _absolute(path: Path) -> Path:
    """Dagster and dbt run in other folders, and no shell is there to expand a ~ in a unit file."""
    return path.expanduser().resolve()


def _unless_empty(chosen: Path | str) -> Path | str:
    """An empty variable is one that is not set; as a path it would be the folder that the process is in, or below."""
    return str(chosen).strip() or home_folder()


def settings_file() -> Path:
    """``digest.toml`` in the home folder."""
    return home_folder() / "digest.toml"


def read_settings_file() -> dict[str, Any]:
    """What ``digest.toml`` sets; nothing where there is none.

    Raises:
        tomllib.TOMLDecodeError, UnicodeDecodeError: it is not TOML.
    """
    # An editor may have put a byte order mark before it, which TOML does not know.
    return tomllib.loads(file.read_text(encoding="utf-8-sig")) if (file := settings_file()).exists() else {}


class Places(BaseModel):
    """The files and folders of a home."""

    home: Annotated[Path, BeforeValidator(_unless_empty), AfterValidator(_absolute)] = Field(
        default_factory=home_folder, description="folder of the database, models, caches and the site"
    )

    @property
    def database(self) -> Path:
        """The DuckDB file; not used where ``warehouse`` names a DuckLake."""
        return self.home / "digest.duckdb"

    @property
    def snapshot(self) -> Path:
        """The read-only copy that each run leaves for notebooks and BI tools."""
        return self.home / "digest.snapshot.duckdb"

    @property
    def search_index(self) -> Path:
        """The SQLite file of `digest search`, beside the database; built again when it is missing."""
        return self.home / "search.sqlite"

    @property
    def site(self) -> Path:
        """Where the digest is published."""
        return self.home / "site"

    @property
    def subscribers(self) -> Path:
        """The SQLite file of subscribers and deliveries."""
        return self.home / "subscribers.sqlite"

    @property
    def backups(self) -> Path:
        """Where backups go."""
        return self.home / "backups"

    @property
    def models(self) -> Path:
        """Models that had to be put together or downloaded."""
        return self.home / "models"

    @property
    def cache(self) -> Path:
        """Unfinished work: downloads and transcription checkpoints."""
        return self.home / "cache"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance, unless DAGSTER_HOME names another."""
        return Path(os.environ.get("DAGSTER_HOME") or self.home / "dagster")
