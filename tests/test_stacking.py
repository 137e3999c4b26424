"""The stacked model: which of an episode's best spans are good, from what the other models and the wording say."""

import numpy as np
import pytest

from bench.worthiness.stack import StackedRows, fit_stack
from digest_pipeline.claims.models.features import feature_names, features_of
from digest_pipeline.claims.models.worthiness import STACKED_SHARE, load_model, stacked_columns, worth_stacked
from digest_pipeline.claims.spans import spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Segment
from tests.test_reranker import CHATTER, CLAIM


def test_the_columns_are_centred_and_each_has_a_weight() -> None:
    turns = turns_of([Segment(0, 0.0, 30.0, "Ana", f"{CLAIM} {CHATTER}"), Segment(1, 30.0, 60.0, "Bo", CLAIM)])
    spans = list(spans_of(turns))
    surface = np.stack([features_of(span) for span in spans])
    rated, talk = np.random.default_rng(0).normal(size=(2, len(spans), 2))
    columns = stacked_columns(spans, surface, rated, talk)
    assert columns.shape == (len(spans), len(load_model().stack)) == (len(spans), 6 + len(feature_names()))
    assert columns.mean(axis=0) == pytest.approx(np.zeros(columns.shape[1]), abs=1e-6)
    assert columns[:, :2] == pytest.approx(rated - rated.mean(axis=0))


def test_worth_rises_by_a_share_of_the_log_odds() -> None:
    columns = np.array([[1.0, 2.0], [-1.0, -2.0]])
    assert worth_stacked(np.array([0.3, 0.3]), columns, np.array([2.0, 0.5])) == pytest.approx(
        [0.3 + STACKED_SHARE * 3, 0.3 - STACKED_SHARE * 3]
    )


def test_it_learns_what_tells_the_good_ones_of_an_episode_whatever_their_level() -> None:
    chance, rows = np.random.default_rng(1), []
    for level in (-5.0, 0.0, 5.0):  # an episode's level tells nothing
        columns = chance.normal(size=(400, 3)) + level
        told = columns[:, 1] + chance.normal(size=400) > level + 1
        rows.append(StackedRows(columns, np.arange(300), told[:300]))
    weights = fit_stack(rows)
    assert weights[1] > 0.5
    assert np.abs(weights[[0, 2]]).max() < weights[1] / 3


def test_what_is_not_among_the_best_teaches_nothing() -> None:
    chance = np.random.default_rng(2)
    columns = chance.normal(size=(200, 2))
    good = columns[:100, 0] > 0
    spoilt = np.concatenate([columns[:100], 100 * columns[100:]])
    one, other = (fit_stack([StackedRows(each, np.arange(100), good)]) for each in (columns, spoilt))
    assert one == pytest.approx(other)
