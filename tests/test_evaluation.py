"""Figures on labelled episodes: the measure, the baselines, and the command."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from digest_pipeline.cli import app
from digest_pipeline.errors import DigestError
from digest_pipeline.evaluation import baselines
from digest_pipeline.evaluation.evaluate import trained_on, verdict_of
from digest_pipeline.evaluation.figures import FIGURES, Ruler
from digest_pipeline.evaluation.labels import read_labels
from digest_pipeline.llm.books import Books
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.llm_server import Reply, StandIn

DAY = date(2026, 9, 14)
TEXTS = [
    "Welcome back to the show, it is good to have you all here today.",
    "Storage pays for itself within four years because the peak price is paid in six hours only.",
    "This episode is brought to you by a shop that sells very good mattresses.",
    "Permits fell by 40 percent in the towns that asked builders for parking places.",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    def write(name: str, rows: list[dict[str, object]]) -> None:
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)) + "\n")

    write("talk.jsonl", [{"id": f"talk:{n}", "speaker": "Ann", "text": text} for n, text in enumerate(TEXTS)])
    write(
        "talk.labels.jsonl",
        [{"id": 1, "score": 3, "sc": 1}, {"id": 2, "score": 0, "ad": 1}, {"id": 3, "score": 2, "sc": 1}],
    )
    write("talk.gold.jsonl", [{"rank": 1, "windows": [1]}, {"rank": 2, "windows": [3]}])
    return tmp_path


def test_a_perfect_ranking_is_one_and_its_faults_are_counted(folder: Path) -> None:
    (episode,) = read_labels(folder)
    ruler = Ruler(episode)
    best = ruler.figures([TEXTS[1], TEXTS[3]])
    assert (best["grounded"], best["ndcg@10"], best["gold@10"], best["sc@10"]) == (1, 1, 1, 1)
    assert (best["p@5"], best["p@10"], best["mean@5"]) == (0.4, 0.2, 1.0)
    assert (best["ads@10"], best["dup@10"]) == (0, 0)
    poor = ruler.figures([TEXTS[2], TEXTS[1], TEXTS[1], "Words that nobody of these people has ever said at all."])
    assert (poor["grounded"], poor["ads@10"], poor["dup@10"], poor["gold@10"]) == (0.75, 0.25, 0.25, 0.5)
    assert poor["ndcg@10"] < 1
    assert set(ruler.figures([]).values()) == {0}


def test_baselines_rank_what_they_say() -> None:
    texts = [
        "apples and pears grow here",
        "apples and pears grow there",
        "apples grow here and there",
        "xylophone quietly",
    ]
    vectors = np.eye(4, dtype=np.float32)
    for rater in (baselines.by_textrank, baselines.by_lexrank):
        assert baselines.rank_windows(texts, vectors, rater, 4)[-1] == texts[3]
    assert baselines.rank_windows(texts, vectors, baselines.by_place, 2) == texts[:2]
    vectors[1] = vectors[0]
    assert baselines.rank_windows(texts, vectors, baselines.by_place, 2) == [texts[0], texts[2]]
    assert baselines.rank_windows(texts, vectors, baselines.by_centroid, 1) == texts[:1]
    some = baselines.rank_windows(texts, vectors, baselines.by_chance(1), 3)
    assert some == baselines.rank_windows(texts, vectors, baselines.by_chance(1), 3)


def test_the_command_prints_every_row_and_says_what_is_not_held_out(folder: Path, settings: Settings) -> None:
    ranking = folder / "mine.jsonl"
    ranking.write_text(json.dumps({"episode": "talk", "rank": 1, "quote": TEXTS[1]}) + "\n")
    result = CliRunner().invoke(
        app, ["eval", "--labels", str(folder), "--ranking", str(ranking)], env={"COLUMNS": "160"}
    )
    assert result.exit_code == 0, result.output
    for name in ("random", "lead", "TextRank", "LexRank", "centroid", "worthiness alone", "full ranking", "mine"):
        assert name in result.output
    assert all(name in result.output for name in FIGURES)
    assert "not held out" not in result.output
    seen = sorted(trained_on())[0]
    for kind in ("jsonl", "labels.jsonl", "gold.jsonl"):
        (folder / f"talk.{kind}").rename(folder / f"{seen}.{kind}")
    assert (
        "not held out on 1 of them"
        in CliRunner().invoke(app, ["eval", "--labels", str(folder)], env={"COLUMNS": "200"}).output
    )


def test_the_check_has_the_figures_and_a_fault_does_not_stop_a_day(
    folder: Path, settings: Settings, warehouse: Warehouse
) -> None:
    passed, figures = verdict_of(settings.model_copy(update={"eval_labels": str(folder)}), warehouse, DAY, "run")
    assert figures["full ranking grounded"] in (0, 1)
    others = [float(figures[f"{name} p@5"]) for name in ("random", "lead", "TextRank", "LexRank", "centroid")]
    assert passed is (float(figures["full ranking p@5"]) > max(others))
    nowhere = settings.model_copy(update={"eval_labels": str(folder / "none")})
    passed, figures = verdict_of(nowhere, warehouse, DAY, "run")
    assert not passed
    assert "no labelled episodes" in str(figures["error"])


@pytest.mark.filterwarnings("default:.*:UserWarning", "default::DeprecationWarning", "default::ResourceWarning")
def test_a_run_pays_once_for_its_labels_and_from_its_own_budget(
    folder: Path, settings: Settings, warehouse: Warehouse, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
    server = StandIn(web, Reply(json.dumps({"claims": []})))
    named = {"extractor": "llm", "llm_model": "openai/gpt-4o", "llm_api_base": f"{web.url}/v1"}
    reading = settings.model_copy(update={"eval_labels": str(folder), **named})
    for _ in range(2):
        verdict_of(reading, warehouse, DAY, "run")
    assert len(server.asked) == 1
    assert Books(warehouse, DAY, "run").spent().run > 0


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DigestError, match="no labelled episodes"):
        read_labels(tmp_path / "none")
    (folder / "talk.labels.jsonl").write_text('{"id": 9, "score": 1}\n')
    with pytest.raises(DigestError, match="judges window 9"):
        read_labels(folder)
    (folder / "talk.labels.jsonl").write_text("no json\n")
    with pytest.raises(DigestError, match="labels of talk"):
        read_labels(folder)


def test_a_line_of_labels_ends_where_json_lines_do(folder: Path) -> None:
    said = "Storage pays\u2028for itself\x85within four years."
    (folder / "talk.jsonl").write_text(json.dumps({"text": said}, ensure_ascii=False) + "\r\n", encoding="utf-8")
    (folder / "talk.labels.jsonl").write_text('{"id": 0, "score": 3}\n')
    (episode,) = read_labels(folder)
    assert episode.texts == (said,)


@pytest.mark.parametrize("score", [-1, 4, 1.5, "three", None])
def test_a_label_of_no_known_score_is_named_and_does_not_stop_a_day(
    folder: Path, settings: Settings, warehouse: Warehouse, score: object
) -> None:
    (folder / "talk.labels.jsonl").write_text(json.dumps({"id": 1, "score": score}))
    passed, figures = verdict_of(settings.model_copy(update={"eval_labels": str(folder)}), warehouse, DAY, "run")
    assert not passed
    assert "the labels of talk" in str(figures["error"])


@pytest.mark.parametrize(
    "said", ["Закрытые модели опережают открытые на шесть месяцев", "Τα κλειστά μοντέλα προηγούνται κατά έξι μήνες"]
)
def test_talk_in_any_alphabet_is_measured(folder: Path, said: str) -> None:
    (folder / "talk.jsonl").write_text(json.dumps({"id": "talk:0", "text": said}))
    (folder / "talk.labels.jsonl").write_text(json.dumps({"id": 0, "score": 3}))
    (folder / "talk.gold.jsonl").write_text(json.dumps({"windows": [0]}))
    (episode,) = read_labels(folder)
    found = Ruler(episode).figures([said])
    assert (found["grounded"], found["p@5"], found["gold@10"]) == (1, 0.2, 1)
