"""The benchmarks: those that need nothing more explain themselves, as the README says."""

import runpy
import sys

import pytest


@pytest.mark.parametrize("name", ["delivery", "feeds", "marts", "overhead", "publish", "search"])
def test_a_benchmark_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, f"bench.{name}", raising=False)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"bench.{name}", run_name="__main__")
    assert ended.value.code == 0
    assert f"python -m bench.{name}" in capsys.readouterr().out
