"""Settings as they are now, and clear words where they cannot be."""

import os
import tomllib
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError as UnreadableSource

from digest_pipeline.errors import SettingsError
from digest_pipeline.settings.fields import Settings
from digest_pipeline.settings.places import ENV_PREFIX, read_settings_file, settings_file

DOCUMENTED = "`python -m digest_pipeline.settings.reference`"  # of this release; a digest.toml may be of an older one
SECRET_FIELDS = frozenset(name for name, field in Settings.model_fields.items() if field.annotation is SecretStr)


def load_settings(**overrides: Any) -> Settings:
    """Settings as the environment and ``digest.toml`` give them, ``overrides`` on top.

    Raises:
        SettingsError: naming each wrong setting, where it was set, and what it takes.
    """
    file = settings_file()
    try:
        in_file = set(read_settings_file())
        # as they are read, capitals or not; the file lies in the home, so it cannot say where that is
        for name in sorted({name.lower() for name in in_file} & {*SECRET_FIELDS, "home"}):
            raise SettingsError(
                f"{name} stands in {file}, and is read from the environment only",
                remedy=f"set {ENV_PREFIX}{name.upper()} instead",
            )
        return Settings(**overrides)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}", remedy="mend the line that it names") from error
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"])
            source = f"{ENV_PREFIX}{name.upper().replace('.', '__')}"
            elsewhere = file if name.split(".")[0] in in_file else "the environment"
            where = source if source in os.environ else elsewhere
            said = "is no setting" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
            faults.append(f"{name} (in {where}): {said}" if name else said)
        raise SettingsError("; ".join(faults), remedy=f"{DOCUMENTED} explains each") from error
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
