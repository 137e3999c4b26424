"""The pins of ``constraints.txt``."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_oldest_python_that_the_project_names_can_have_every_pin() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    oldest = f"{named.removeprefix('>=')}.0"
    needed = {name: ",".join(metadata(name).get_all("Requires-Python") or ()) for name in PINNED}
    assert {name: python for name, python in needed.items() if not SpecifierSet(python).contains(oldest)} == {}
    assert len(PINNED) > 200
