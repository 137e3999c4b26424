"""Data that travels with the package: the dbt project, the demo network, the default Dagster instance file."""

from pathlib import Path

from digest_pipeline.errors import DigestError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """A file or folder by its name: inside an installed package, or beside it in a checkout.

    Raises:
        DigestError: the installation is incomplete.
    """
    for folder in (_PACKAGE / "_bundled", _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise DigestError(f"{name} is missing from the installation", remedy="install the package again")
