"""What ``docs/security.md`` names as shown is a test that exists."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "security.md"


def test_every_named_test_exists() -> None:
    named = set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 60
    missing = []
    for file, function in sorted(named):
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        if not any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body):
            missing.append(f"{file}::{function}")
    assert missing == []


def test_every_row_names_one() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    without = [row for row in rows if "::" not in row and "shown by" not in row]
    assert without == []
