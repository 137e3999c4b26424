"""The Makefile in folders of any name. Most of it is read, not run: its recipes install and test."""

import os
import re
import shutil
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("found", "taken"),
    [
        ({"python3": "3.11", "python3.13": "3.13"}, "python3"),
        ({"python3": "3.14", "python3.13": "3.13"}, "python3.13"),
        ({"python3": "3.10", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.14"}, None),
        ({}, None),
    ],
)
def test_the_environment_is_made_with_a_python_that_every_pin_takes(
    checkout: Path, tmp_path: Path, found: dict[str, str], taken: str | None
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh"):
        (tools / name).symlink_to(str(shutil.which(name)))
    for name, version in found.items():
        numbers = tuple(map(int, version.split(".")))
        asked = f"import sys; sys.version_info = {(*numbers, 0)}; exec(sys.argv[1])"
        script = f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} -c "{asked}" "$2"\necho made with {name}; exit 9\n'
        (tools / name).write_text(script, encoding="utf-8")
        (tools / name).chmod(0o755)
    for name in ("pyproject.toml", "constraints.txt"):
        (checkout / name).touch()
    environment = {"PATH": str(tools), "MAKEFLAGS": ""}
    done = subprocess.run(
        ["make", "install"], cwd=checkout, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0  # the stand-ins make no environment
    if taken:
        assert f"made with {taken}" in done.stdout
    else:
        assert "Python 3.11, 3.12 or 3.13 is needed" in done.stdout
        assert "made with" not in done.stdout
