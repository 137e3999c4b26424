"""The notebook runs from top to bottom on the demo's snapshot, and shows its plots."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from digest_pipeline.settings import Settings

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "trends.ipynb"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_trends_runs_on_the_demo(demo: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    plots = [output for output in outputs if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert len(plots) == 4
    assert all(plot["data"]["application/vnd.plotly.v1+json"]["data"] for plot in plots)


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
