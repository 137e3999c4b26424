"""Each notebook runs from top to bottom on the demo's snapshot, shows its plots, changes nothing, and is stored bare."""

import hashlib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from digest_pipeline import snapshot
from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
PLOTS = {"trends": 4, "insights": 6, "map": 2, "costs": 4}
PLOTLY = "application/vnd.plotly.v1+json"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", PLOTS)
def test_a_notebook_runs_on_the_demo(demo: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_HOME", str(demo.home))
    before = hashlib.sha256(demo.snapshot.read_bytes()).hexdigest()
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"] == []
    plots = [output["data"][PLOTLY] for output in outputs if PLOTLY in output.get("data", {})]
    assert len(plots) >= PLOTS[name]
    assert all(plot["data"] for plot in plots)
    assert hashlib.sha256(demo.snapshot.read_bytes()).hexdigest() == before


def test_every_notebook_is_tested_and_stored_without_outputs() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(PLOTS)
    for name in PLOTS:
        notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code"), (
            name
        )


def test_the_snapshot_answers_or_says_what_is_missing(settings: Settings, warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="no snapshot"):
        snapshot.query("select 1")
    warehouse.snapshot_to(settings.snapshot)
    assert snapshot.query("select $a + 1 as b", a=1)["b"].to_list() == [2]
    assert snapshot.query("select count(*) as n from raw.episodes")["n"].to_list() == [0]
    with pytest.raises(WarehouseError, match="builds the tables"):
        snapshot.query("from marts.dim_themes")
