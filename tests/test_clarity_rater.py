"""The clarity rater: headline and explanation read as an editor reads them."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench.worthiness.headlines import Judged
from bench.worthiness.shown import STARTS, Lessons, fit, folds_of, of_verdicts, of_windows, of_written, weights_of
from digest_pipeline.claims.models.clarity import Shown
from digest_pipeline.claims.models.clarity_rater import get_clarity_rater
from digest_pipeline.claims.models.tuned_encoder import SHOWN_TOKENS, ShownEncoder
from digest_pipeline.claims.models.tuned_weights import ShownText
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source
from digest_pipeline.settings import Settings
from tests.test_reranker import CLAIM, small_encoder

LEANING = "And then they did that with the other one, which is why it was like this when he came back to it."
SHOWN: list[ShownText] = [(CLAIM, "That held for forty cars."), (LEANING, "")]


def test_a_claim_stands_and_what_leans_on_the_talk_does_not(settings: Settings) -> None:
    claim, leaning = get_clarity_rater(settings).rate(SHOWN)
    assert claim > 0 > leaning


def test_the_explanation_counts(settings: Settings) -> None:
    alone, followed = get_clarity_rater(settings).rate([(CLAIM, ""), (CLAIM, LEANING)])
    assert alone != pytest.approx(followed, abs=1e-3)


def test_a_claim_is_rated_the_same_in_any_company(settings: Settings) -> None:
    rater = get_clarity_rater(settings)
    assert rater.rate([]).shape == (0,)
    assert rater.rate(SHOWN)[1] == pytest.approx(rater.rate(SHOWN[1:])[0], abs=1e-4)


def test_an_encoder_of_other_dimensions_is_named(settings: Settings, tmp_path: Path) -> None:
    small_encoder(tmp_path)
    with pytest.raises(ModelError, match=r"clarity rater.* do not fit .*encoder_model"):
        get_clarity_rater(settings.model_copy(update={"encoder_model": str(tmp_path)}))


def test_long_claims_are_cut() -> None:
    ids, types = ShownEncoder(encoder_source("auto")).tokens([("one " * 300, "two " * 300)])
    assert (types[0].count(0), types[0].count(1)) == (2 + SHOWN_TOKENS[1], SHOWN_TOKENS[0])
    assert len(ids[0]) == len(types[0])


def judged(show: str, score: int, flaw: str | None = None, again: int | None = None) -> Judged:
    return Judged(f"{show}--1", show, "raw", Shown(CLAIM, "", CLAIM), 0.5, score, flaw, again)


def test_two_readers_of_a_claim_count_as_their_mean() -> None:
    claims = [judged("a", 2), judged("a", 0, "dangling", 2), judged("b", 1, "vendor")]
    lessons = of_verdicts(claims, {"a": 0, "b": 1})
    assert lessons.wanted == pytest.approx(
        np.array([[1, 1, 0, 0, 0, 4 / 3], [0.5, 0.5, 1, 0, 0, 2 / 3], [1, 0, 0, 0, 1, 2 / 3]])
    )
    assert lessons.without(0).folds.tolist() == [1]


def test_a_show_is_in_one_fold() -> None:
    folds = folds_of(["a"] * 9 + ["b"] * 5 + ["c"] * 4 + ["d"] * 3 + ["e"])
    assert sorted(folds[show] for show in "abcd") == [0, 1, 2, 3]
    assert folds["e"] == folds["d"]


def test_windows_teach_with_their_show_and_the_measured_writer_does_not(tmp_path: Path) -> None:
    file = tmp_path / "show--episode.jsonl"
    windows = [{"id": 0, "text": CLAIM}, {"id": 1, "text": LEANING}, {"id": 2, "text": "Too short."}]
    file.write_text("\n".join(map(json.dumps, windows)), encoding="utf-8")
    labels = [{"id": 0, "score": 3, "sc": 1, "ad": 0}]
    file.with_suffix(".labels.jsonl").write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
    lessons = of_windows([file], {"show": 2})
    assert lessons.texts == [(CLAIM, ""), (LEANING, "")]
    assert lessons.wanted.tolist() == [[1, 1], [0, 0]]
    assert lessons.folds.tolist() == [2, 2]
    assert len(of_written().texts) == 2 * 468


def test_what_was_learnt_is_what_is_stored() -> None:
    source, folds = encoder_source("auto"), np.zeros(2, dtype=np.int64)
    verdicts = Lessons(SHOWN, np.array([[1, 1, 0, 0, 0, 2], [0, 0, 1, 0, 0, 0]], np.float32), folds)
    written = Lessons(SHOWN, np.array([[1], [0]], np.float32), folds)
    windows = Lessons([(text, "") for text, _ in SHOWN], np.array([[1, 1], [0, 0]], np.float32), folds)
    network = fit(source, verdicts, written, windows, steps=2)
    stored = {name: weights.astype(np.float32) for name, weights in weights_of(network).items()}
    wanted = network.rate(SHOWN)
    assert wanted[0] > wanted[1]
    assert wanted != pytest.approx(STARTS[0])
    assert ShownEncoder(source).tuned(stored).rate(SHOWN) == pytest.approx(wanted, abs=2e-3)
