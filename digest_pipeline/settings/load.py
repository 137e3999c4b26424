"""Settings as they are now, and clear words where they cannot be."""

import os
import tomllib
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError as UnreadableSource

from digest_pipeline.errors import SettingsError
from digest_pipeline.settings.fields import Settings
from digest_pipeline.settings.places import ENV_PREFIX, home_folder

SECRET_FIELDS = frozenset(name for name, field in Settings.model_fields.items() if field.annotation is SecretStr)


def load_settings(**overrides: Any) -> Settings:
    """Settings as the environment and ``digest.toml`` give them, ``overrides`` on top.

    Raises:
        SettingsError: naming each wrong setting, where it was set, and what it takes.
    """
    file = home_folder() / "digest.toml"
    try:
        in_file = set(tomllib.loads(file.read_text(encoding="utf-8"))) if file.exists() else set()
        if secrets := {name.lower() for name in in_file} & SECRET_FIELDS:  # as they are read, capitals or not
            name = sorted(secrets)[0]
            raise SettingsError(
                f"{name} is a secret and stands in {file}", remedy=f"set {ENV_PREFIX}{name.upper()} instead"
            )
        return Settings(**overrides)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}", remedy="mend the line that it names") from error
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"]) or "settings"
            source = f"{ENV_PREFIX}{name.upper().replace('.', '__')}"
            where = source if source in os.environ else str(file) if name.split(".")[0] in in_file else "settings"
            faults.append(f"{name} (in {where}): {fault['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(faults), remedy="docs/settings.md and `digest init` explain each") from error
    except UnreadableSource as error:
        name = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "a setting")
        raise SettingsError(
            f"{ENV_PREFIX}{name.upper()} cannot be read",
            remedy='a list is written as JSON there, such as ["10.0.0.0/8"]',
        ) from error


def unknown_variables() -> list[str]:
    """``DIGEST_*`` variables that are no setting: most often a typing mistake."""
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    return sorted(v for v in os.environ if v.startswith(ENV_PREFIX) and v.split("__")[0] not in known)
