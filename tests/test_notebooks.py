"""Each notebook runs from top to bottom on the demo's snapshot, shows its plots, changes nothing, and is stored bare."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from digest_pipeline import snapshot
from digest_pipeline.errors import WarehouseError
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from tests.dbt_runs import Dbt

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


# A day of two scored claims in one theme, whose words were removed since; then two weeks of clustered days without one.
QUIET = """
insert into raw.feeds (feed_url, shown_url, added_at, consecutive_failures) values ('f', 'f', '2026-09-01', 0);
insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls, description, status)
    values ('ep_1', 'f', 'One', '2026-09-01', '2026-09-01', '[]', '', 'transcribed');
insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote, start_seconds,
    end_seconds, first_position, last_position, worthiness, is_ad, extractor)
    select 'cl_' || n, '2026-09-01', 'ep_1', 'Head', '', 'Words', 0, 1, 0, 0, 0.7, false, 'test' from range(2) t(n);
insert into raw.scored_insights
    select claim_id, digest_date, 'th', .7, .7, .7, .7, .7, .7, .7, null, 'why', 'weak', .5, 1 from raw.claim_candidates;
insert into raw.cluster_days
    select d, 'm', 45, 2, 1, 0 from unnest([date '2026-09-01', date '2026-09-13']) t(d);
insert into raw.embedding_clusters
    (cluster_id, digest_date, label, keywords, size, n_shows, first_seen_on, last_seen_on, centroid)
    select 'th', digest_date, 'queue', ['queue'], 2, 1, '2026-09-01', '2026-09-01', [1] from raw.cluster_days;
insert into raw.cluster_members
    select claim_id, d.digest_date, 'th', 1 from raw.claim_candidates cross join raw.cluster_days d;
"""


@pytest.fixture(scope="module", params=["", QUIET], ids=["a day without claims", "a quiet fortnight"])
def small_home(
    request: pytest.FixtureRequest, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A home whose days found nothing, or little."""
    home = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGEST_HOME", str(home))
        settings = load_settings()
        with Warehouse(settings.database).write() as con:
            con.execute(request.param or "insert into raw.cluster_days values ('2026-09-01', 'm', 45, 0, 0, 0)")
        dbt("run", settings.database)
        shutil.copyfile(settings.database, settings.snapshot)
        yield request.param, home


def run_notebook(name: str, last: str) -> tuple[list[Any], str]:
    """The outputs of a notebook's own cells, and what a cell after them prints."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(last))
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    *own, added = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return [output for outputs in own for output in outputs], "".join(output.text for output in added)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_trends_count_the_week_from_the_last_clustered_day(
    small_home: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled, home = small_home
    monkeypatch.setenv("DIGEST_HOME", str(home))
    outputs, weeks = run_notebook(
        "trends", "print([tuple(map(int, row)) for row in weeks.select('last 7 days', '7 days before').rows()])"
    )
    assert weeks.strip() == ("[(0, 2)]" if filled else "[]")
    said = [output.text for output in outputs if output.output_type == "stream"]
    assert ("No theme is alive yet" in "".join(said)) is not bool(filled)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_insights_count_days_whose_words_were_removed(
    small_home: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled, home = small_home
    monkeypatch.setenv("DIGEST_HOME", str(home))
    outputs, days = run_notebook("insights", "print([int(count) for count in funnel['usable claims']])")
    assert days.strip() == ("[2, 0]" if filled else "[0]")  # a day that brought none counts
    streams = [output for output in outputs if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []
    assert ("No day to show" in "".join(output.text for output in streams)) is not bool(filled)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_map_and_the_costs_of_a_home_with_little_in_it_are_shown_or_said(
    small_home: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, home = small_home
    monkeypatch.setenv("DIGEST_HOME", str(home))
    outputs, _ = run_notebook("map", "print(len(points))")
    assert "nothing to draw" in "".join(output.text for output in outputs if output.output_type == "stream")
    run_notebook("costs", "print(len(costs))")


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
