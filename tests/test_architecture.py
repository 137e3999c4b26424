"""The arrows of the house: who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import digest_pipeline

PACKAGE = Path(digest_pipeline.__file__).parent
STAGES = ("feeds", "transcripts", "claims", "clusters", "scoring", "publishing", "search", "delivery")
MAY_IMPORT_DAGSTER = {"definitions", "resources", "partitions", "automation", "runs", "rescore", "failures"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_composition_root_imports_dagster(path: Path) -> None:
    uses_dagster = any(name.split(".")[0].startswith("dagster") for name in imports_of(path))
    assert not uses_dagster or path.stem in MAY_IMPORT_DAGSTER


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_never_imports_a_later_one(stage: str) -> None:
    later = STAGES[STAGES.index(stage) + 1 :]
    wrong = [
        (path.name, name)
        for path in (PACKAGE / stage).rglob("*.py")
        for name in imports_of(path)
        if name.startswith(("assets", *(f"digest_pipeline.{other}" for other in later)))
    ]
    assert wrong == []


def test_only_definitions_imports_the_assets() -> None:
    assert [p.stem for p in modules() if any(n.split(".")[0] == "assets" for n in imports_of(p))] == ["definitions"]


def test_assets_are_small_and_never_import_each_other() -> None:
    for path in (PACKAGE.parent / "assets").glob("*.py"):
        assert not any(name.startswith("assets") for name in imports_of(path)), path.name
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 110, path.name


def modules_named(name: str, of: set[str]) -> Iterator[str]:
    """The module that a name is, or is in."""
    while name and name not in of:
        name = name.rpartition(".")[0]
    if name:
        yield name


def imported_when_it_runs(path: Path) -> Iterator[str]:
    """The names that a module imports sooner or later, those for the type checker alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules()
    }
    arrows = {
        name: {found for said in imported_when_it_runs(path) for found in modules_named(said, set(names))} - {name}
        for name, path in names.items()
    }
    assert arrows["digest_pipeline.encoder"] >= {"digest_pipeline.early_layers"}  # of an import in a function
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


MODEL_LIBRARIES = [
    "torch", "faster_whisper", "sentence_transformers", "litellm", "hdbscan", "sklearn", "dbt.cli.main", "ray",
]  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """The modules that are loaded when a new process has run this."""
    code = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_definitions_loads_no_model_library() -> None:
    loaded_by("import digest_pipeline.definitions")  # the first import in a home prepares dbt's manifest
    assert not loaded_by("import digest_pipeline.definitions").intersection(MODEL_LIBRARIES)


def test_no_command_loads_dagster_or_a_model_library_before_it_needs_them() -> None:
    loaded = loaded_by("from digest_pipeline.cli import app\napp(['--help'], standalone_mode=False)")
    assert {"digest_pipeline.cli.feeds", "digest_pipeline.cli.run"} <= loaded  # the help imports every command
    assert not loaded.intersection([*MODEL_LIBRARIES, "dagster"])


def test_a_command_is_started_without_what_the_others_need() -> None:
    loaded = loaded_by("from digest_pipeline.cli import app\napp(['serve', '--help'], standalone_mode=False)")
    assert {name for name in loaded if name.startswith("digest_pipeline.cli.")} == {
        "digest_pipeline.cli.console", "digest_pipeline.cli.serve",
    }  # fmt: skip
    assert "polars" not in loaded
