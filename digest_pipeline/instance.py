"""The Dagster instance: a folder with ``dagster.yaml``, and where its runs, events and schedules are stored.

They are files in that folder, or, when ``DIGEST_DAGSTER_POSTGRES_URL`` is set, a Postgres database, which several
machines can share. The address holds a password, so ``dagster.yaml`` only names the variable.
"""

import importlib.util
import os
import re
import shutil
from pathlib import Path

from digest_pipeline.bundled import bundled
from digest_pipeline.errors import SettingsError
from digest_pipeline.settings import Settings

VARIABLE = "DIGEST_DAGSTER_POSTGRES_URL"
ON_POSTGRES = f"""
# Runs, events and schedules lie in Postgres; its address stands in the environment.
storage:
  postgres:
    postgres_url:
      env: {VARIABLE}
"""
HAS_STORAGE = re.compile(r"^(storage|run_storage|event_log_storage|schedule_storage)\s*:", re.MULTILINE)


def prepare_home(settings: Settings) -> None:
    """Make the home folder and its Dagster instance, and point DAGSTER_HOME there unless it is set.

    A storage that ``dagster.yaml`` names already stays as it is.

    Raises:
        SettingsError: Postgres is asked for and cannot be used.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    file = settings.dagster_home / "dagster.yaml"
    if not file.exists():
        shutil.copyfile(bundled("dagster.yaml"), file)
    if settings.dagster_postgres_url.get_secret_value():
        check_postgres(settings)
        _store_on_postgres(file)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")


def check_postgres(settings: Settings) -> None:
    """Connect to the database once, so that what is wrong is said before Dagster tries for long.

    Raises:
        SettingsError: its library is not installed, or it does not let us in; the password is not repeated.
    """
    if not importlib.util.find_spec("dagster_postgres"):
        raise SettingsError(f"{VARIABLE} is set", remedy="install the extra `postgres`, or unset it")
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(settings.dagster_postgres_url.get_secret_value())
    except (sqlalchemy.exc.ArgumentError, ValueError):  # ValueError: of its port
        raise SettingsError(f"{VARIABLE} is no address", remedy="encode what is special in its password") from None
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, connect_args={"connect_timeout": 10})
    try:
        engine.connect().close()
    except sqlalchemy.exc.OperationalError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise SettingsError(f"Postgres cannot be used: {said}", remedy=f"check the server and {VARIABLE}") from None


def _store_on_postgres(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if HAS_STORAGE.search(text):
        return
    draft = file.with_suffix(".part")
    draft.write_text(text + ON_POSTGRES, encoding="utf-8")
    draft.replace(file)
