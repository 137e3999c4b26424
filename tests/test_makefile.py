"""The Makefile in folders of any name. It is read, not run: its recipes install and test everything."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"


@pytest.mark.parametrize(
    ("given", "home"),
    [(None, "{}/.digest"), ("demo", "{}/demo"), ("my demo", "{}/my demo"), ("/srv/my digest", "/srv/my digest")],
)
def test_the_home_folder_is_one_absolute_path(tmp_path: Path, given: str | None, home: str) -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed here")
    checkout = tmp_path / "x y"
    checkout.mkdir()
    shutil.copy(MAKEFILE, checkout)
    environment = {name: value for name, value in os.environ.items() if name != "DIGEST_HOME"}
    if given:
        environment["DIGEST_HOME"] = given
    done = subprocess.run(
        ["make", "-pn", "help"], cwd=checkout, env=environment, check=True, capture_output=True, text=True
    )
    assert re.findall(r"^(?:override )?DIGEST_HOME := (.*)$", done.stdout, re.MULTILINE) == [home.format(checkout)]
