"""What `digest doctor` finds: models that other machines compute, where alerts go; and that it is all to be read."""

import os
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.settings import Settings

SERVER = "http://127.0.0.1:9/v1"  # nothing listens there
LLM = {"EXTRACTOR": "rewrite", "LLM_MODEL": "openai/gpt-5-mini"}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (LLM, 0, "gpt-5-mini at its provider, no key | set OPENAI_API_KEY, or DIGEST_LLM_API_KEY"),
        (LLM | {"LLM_API_KEY": "k"}, 0, "gpt-5-mini at its provider, own key"),
        (LLM | {"LLM_API_BASE": SERVER}, 1, f"{SERVER} does not answer"),
        (LLM | {"LLM_API_BASE": "http://127.0.0.1:port/v1"}, 1, "… does not answer: Invalid port"),
        (LLM | {"LLM_API_BASE": "http://me:pw@127.0.0.1:9/v1"}, 1, f"model | {SERVER} does not answer"),
        (LLM | {"EXTRACTOR": "extractive"}, 0, "gpt-5-mini at its provider, no key"),
        ({"LLM_MODEL": ""}, 0, "none needed"),
        ({"ALERT_URL": "json://127.0.0.1:9 hooks.example/x"}, 0, "alerts | DIGEST_ALERT_URL holds what is no address"),
        ({"ALERT_URL": "json://127.0.0.1:9"}, 0, "alerts | addresses: 1"),
        ({"WHISPER_MODEL": "whisper-1", "WHISPER_API_BASE": SERVER}, 1, f"Whisper | {SERVER} does not answer"),
    ],
)
def test_a_server_or_key_that_is_missing_is_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], code: int, said: str
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(f"DIGEST_{name}", value)
    found = CliRunner().invoke(app, ["doctor"])
    lines = " ".join(found.output.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", "|").split())
    assert said in lines, found.output
    assert found.exit_code == code, found.output


def test_a_home_of_another_user_is_a_finding_and_not_the_end_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as home:  # below pytest's own no other user may look
        monkeypatch.setenv("DIGEST_HOME", home)
        Path(home).chmod(0o555)
        user = os.geteuid()
        if user == 0:  # who may do everything
            os.seteuid(65534)
        try:
            found = CliRunner().invoke(app, ["doctor"])
        finally:
            os.seteuid(user)
    assert "this user may not write" in found.output
    assert "run as its owner" in found.output
    assert found.exit_code == 1


def test_what_is_wider_than_its_column_is_not_cut_short(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = CliRunner().invoke(app, ["doctor"]).output
    assert "…" not in found
    second = [line.split("│")[3].strip() for line in found.splitlines() if line.startswith("│")]
    assert str(settings.home / "digest.toml") in "".join(second)


def test_the_id_of_a_subscriber_stands_in_one_piece(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    add = ["subscribers", "add", "ann@example.org", "--confirmed", "--timezone", "Europe/Berlin", "--hour", "7"]
    added = CliRunner().invoke(app, [*add, "--interests", "grid storage; how models are trained"]).output
    assert added.split(":")[0] in CliRunner().invoke(app, ["subscribers", "list"]).output
