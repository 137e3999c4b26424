"""What assets are given: the warehouse, the settings, dbt. The first two hand out plain objects of the library."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cached_property, lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, Self

from dagster import ConfigurableResource, InitResourceContext
from dagster_dbt import DbtCliResource, DbtProject
from dagster_dbt.compat import DBT_PYTHON_VERSION
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dagster_duckdb import DuckDBResource

from digest_pipeline.bundled import bundled
from digest_pipeline.errors import DigestError
from digest_pipeline.home_lock import in_use
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import warehouse_of

DATABASE_VARIABLE = "DBT_DUCKDB_PATH"  # dbt/profiles.yml reads it; absolute, since dbt runs in its own folder
# The day that incremental models read, empty for all. No dbt variable: another value of one makes dbt parse everything
# again, and another value here only the models that read it.
DAY_VARIABLE = "DBT_DUCKDB_DAY"
TARGET_VARIABLE = "DBT_TARGET"
MANIFEST_SOURCES = "manifest.sources"  # lies beside dbt's manifest: the hash of the models that it was made of
DBT_EXECUTABLE = Path(sys.executable).with_name("dbt")
LAKE = "ducklake"  # in the place of a database's path


class WarehouseResource(DuckDBResource):
    """The DuckDB file, configured as dagster-duckdb configures it; or, where ``database`` is ``ducklake``, the DuckLake
    that the settings name, whose address is a secret and no part of a resource's configuration.

    Assets use ``open()``: dagster-duckdb's own ``get_connection`` keeps the connection, and with it the file's lock,
    when the block raises, and does not join the block's statements in a transaction.
    """

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        """Hold the home folder against a restore for as long as a step, in whatever process, has the resource."""
        with in_use(load_settings().home), super().yield_for_execution(context) as resource:
            yield resource

    def open(self) -> Warehouse:
        """The library's store over it."""
        if self.database == LAKE:
            return warehouse_of(load_settings())
        return Warehouse(Path(self.database), config=self.connection_config)


def warehouse_resource(settings: Settings) -> WarehouseResource:
    """The store that the settings name, as a resource."""
    return WarehouseResource(database=LAKE if settings.warehouse.get_secret_value() else str(settings.database))


class SettingsResource(ConfigurableResource[Settings]):
    """The settings, read from the environment and ``digest.toml`` when a run starts."""

    def load(self) -> Settings:
        """Settings as they are now."""
        return load_settings()


@lru_cache(maxsize=1)
def dbt_project() -> DbtProject:
    """The dbt project with a manifest of these very models.

    dagster-dbt prepares it under ``dagster dev`` only; commands, tests and validation need it too. What dbt writes goes
    to the home folder, since an installed package may be read-only. A home may come from another release, later ones
    included, and times of files do not tell: an image's are those of its build. What the manifest was made of does.

    Raises:
        DigestError: dbt cannot read its models, or cannot write there.
    """
    settings = load_settings()
    folder = bundled("dbt")
    project = DbtProject(folder, profiles_dir=folder, target_path=settings.home / "dbt")
    manifest = project.manifest_path
    made_of, sources = manifest.with_name(MANIFEST_SOURCES), dbt_sources_hash()
    if not manifest.exists() or not made_of.exists() or made_of.read_text() != sources:
        os.environ.update(dbt_environment(warehouse_resource(settings)))
        # dbt writes in place: half a manifest, of a full disk or a power cut, would stop every later run. Where it
        # builds, the first build finds what was parsed, as long as both have the same environment.
        draft = build_folder(project)
        said = StringIO()
        try:
            with redirect_stdout(said):
                dbt_resource().cli(["parse", "--quiet"], manifest={}, target_path=draft).wait()
        except DagsterDbtCliRuntimeError as error:
            last = said.getvalue().strip().rpartition("\n")[2] or " ".join(str(error).split())  # of a traceback
            remedy = f"make room, let this user write {draft}, or install the package again"
            raise DigestError(f"dbt cannot read its models: {last}", remedy=remedy) from error
        (draft / MANIFEST_SOURCES).write_text(sources)
        made_of.unlink(missing_ok=True)  # between the two replacements it would speak of another manifest
        (draft / manifest.name).replace(manifest)
        (draft / MANIFEST_SOURCES).replace(made_of)
    return project


def build_folder(project: DbtProject) -> Path:
    """Where dbt writes in every run; by default dagster-dbt makes a new folder inside the project for each."""
    return project.target_path / "build"


def dbt_environment(warehouse: WarehouseResource) -> dict[str, str]:
    """What ``dbt/profiles.yml`` reads to find the store."""
    return {DATABASE_VARIABLE: warehouse.database, TARGET_VARIABLE: "lake" if warehouse.database == LAKE else "home"}


def dbt_sources_hash() -> str:
    """What the models are, by name and text: incremental ones are built whole when it is another."""
    digest, folder = hashlib.sha256(), bundled("dbt")
    for path in _dbt_sources():
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _dbt_sources() -> list[Path]:
    files = bundled("dbt").rglob("*")
    return sorted(path for path in files if path.suffix in {".sql", ".yml"} and "target" not in path.parts)


class _DbtOfKnownVersion(DbtCliResource):
    """The dbt project and how dbt is run."""  # the UI shows it

    # dagster-dbt starts dbt once more before each command, only to read its version: four seconds of a day.
    @cached_property
    def _cli_version(self) -> Any:
        return DBT_PYTHON_VERSION


def dbt_resource() -> DbtCliResource:
    """dbt from the environment that runs this process, whatever is first on the path."""
    folder = str(bundled("dbt"))
    return _DbtOfKnownVersion(
        project_dir=folder,
        profiles_dir=folder,
        dbt_executable=str(DBT_EXECUTABLE),
        global_config_flags=["--no-use-colors", "--log-level-file", "none"],
    )
