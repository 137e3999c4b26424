"""What `digest doctor` finds of models that other machines compute."""

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
        (LLM | {"LLM_API_BASE": "http://127.0.0.1:port/v1"}, 1, "port/v1 does not answer: Invalid port"),
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
