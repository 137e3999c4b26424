"""The Makefile in folders of any name. Most of it is read, not run: its recipes install and test."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if not shutil.which("make"):
        pytest.skip("make is not installed here")
    folder = tmp_path / "x y"
    folder.mkdir()
    shutil.copy(MAKEFILE, folder)
    return folder


@pytest.mark.parametrize(
    ("given", "home"),
    [(None, "{}/.digest"), ("demo", "{}/demo"), ("my demo", "{}/my demo"), ("/srv/my digest", "/srv/my digest")],
)
def test_the_home_folder_is_one_absolute_path(checkout: Path, given: str | None, home: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DIGEST_HOME"}
    if given:
        environment["DIGEST_HOME"] = given
    done = subprocess.run(
        ["make", "-pn", "help"], cwd=checkout, env=environment, check=True, capture_output=True, text=True
    )
    assert re.findall(r"^(?:override )?DIGEST_HOME := (.*)$", done.stdout, re.MULTILINE) == [home.format(checkout)]


@pytest.mark.parametrize("given", [None, "my home"])
def test_clean_removes_the_demo_and_keeps_a_home_of_your_own(checkout: Path, given: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DIGEST_HOME"}
    if given:
        environment["DIGEST_HOME"] = given
    home = checkout / (given or ".digest")
    for made in (checkout / ".venv" / "bin", home / "demo" / "site"):
        made.mkdir(parents=True)
    (home / "digest.duckdb").touch()
    subprocess.run(["make", "clean"], cwd=checkout, env=environment, check=True, capture_output=True)
    assert {path.name for path in checkout.iterdir()} == {"Makefile", home.name}
    assert [path.name for path in home.iterdir()] == ["digest.duckdb"]
