"""The pins of ``constraints.txt``."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_python_that_the_project_names_can_have_every_pin_and_the_next_cannot() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = SpecifierSet(project["requires-python"])
    needed = {name: ",".join(metadata(name).get_all("Requires-Python") or ()) for name in PINNED}
    refused_by = {
        minor: [name for name, python in needed.items() if not SpecifierSet(python).contains(f"3.{minor}.0")]
        for minor in range(11, 15)
    }
    assert [minor for minor in refused_by if f"3.{minor}.0" in named] == [11, 12, 13]
    assert [minor for minor, names in refused_by.items() if not names] == [11, 12, 13]
    assert len(PINNED) > 200
