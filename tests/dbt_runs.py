"""The dbt models on any database, by dbt's interface for programs: each start of the command takes seconds to import it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digest_pipeline.bundled import bundled
from digest_pipeline.resources import DATABASE_VARIABLE, DAY_VARIABLE, TARGET_VARIABLE


class Dbt:
    """Runs commands of dbt. What it parses lies in ``folder``, and the next command finds it there."""

    def __init__(self, folder: Path) -> None:
        self.target, self.link = folder / "target", folder / "digest.duckdb"

    def __call__(self, command: str, database: Path, *arguments: str, day: str = "") -> None:
        """Run ``command`` on a database, whose file is let go of when it ends.

        Raises:
            AssertionError: it failed.
        """
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        project = str(bundled("dbt"))
        with self._reached(database, day):
            done = dbtRunner().invoke(
                ["--quiet", command, *arguments, "--project-dir", project, "--profiles-dir", project,
                 "--target-path", str(self.target), "--log-level-file", "none"]
            )  # fmt: skip
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        results = getattr(done.result, "results", [])
        assert done.success, done.exception or [r.message for r in results if r.status in ("error", "fail")]

    @contextmanager
    def _reached(self, database: Path, day: str) -> Iterator[None]:
        """Under one name for all databases: dbt parses everything anew when the profile has another."""
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(database)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(DATABASE_VARIABLE, str(self.link))
            patch.setenv(TARGET_VARIABLE, "home")
            patch.setenv(DAY_VARIABLE, day)
            yield


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """dbt with the project's models."""
    return Dbt(tmp_path_factory.mktemp("dbt"))
