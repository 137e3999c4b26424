"""Themes and scores: identity over days, components, the choice and its reasons."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from digest_pipeline.claims.extractor import too_weak
from digest_pipeline.clusters.cluster import cluster_claims
from digest_pipeline.encoder import Vectors
from digest_pipeline.models import Digest, DigestItem
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import Components, components_of, score_of
from digest_pipeline.scoring.explain import why
from digest_pipeline.scoring.relations import relations_of
from digest_pipeline.scoring.select import Published, select_insights
from digest_pipeline.scoring.store import published_before
from digest_pipeline.settings import ScoreWeights, Settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.words import told_apart

DAY = date(2026, 9, 14)
NONE_PUBLISHED = Published([], [], np.zeros((0, 8), dtype=np.float32))


def unit(*rows: list[float]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def blobs(sizes: list[int], noise: int = 0) -> Vectors:
    generator = np.random.default_rng(3)
    centres = generator.normal(size=(len(sizes), 64))
    rows = [centre + generator.normal(0, 0.25, (size, 64)) for centre, size in zip(centres, sizes, strict=True)]
    vectors = np.vstack([*rows, generator.normal(size=(noise, 64))]).astype(np.float32)
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def test_themes_are_found_and_are_the_same_each_time() -> None:
    topics = ["transformer shortage", "housing permits", "replication studies", "battery revenue"]
    vectors = blobs([9] * len(topics))
    texts = [topic for topic in topics for _ in range(9)]
    themes = cluster_claims(vectors, texts, min_size=3)
    assert [theme.members for theme in themes] == [tuple(range(n, n + 9)) for n in (0, 9, 18, 27)]
    again = cluster_claims(vectors, texts, min_size=3)
    assert [(t.members, t.probabilities) for t in again] == [(t.members, t.probabilities) for t in themes]


@pytest.mark.parametrize("count", [0, 1, 29])
def test_a_small_window_has_no_themes(count: int) -> None:
    assert cluster_claims(blobs([max(count, 1)])[:count], ["text"] * count, min_size=3) == []


def claim(
    name: str, show: str = "A", worthiness: float = 0.9, cluster: str | None = None, day: date = DAY
) -> ScoringClaim:
    quote = (
        f"{name * 40} The deposit of {name} cleared 40 percent of the queue because it costs more than asking twice."
    )
    return ScoringClaim(name, day, show, f"ep_{name}", f"Headline {name}", quote, worthiness, 0.8, cluster)


def test_components_say_what_they_mean() -> None:
    today = [claim("one", "A"), claim("two", "B"), claim("three", "C", cluster="th")]
    vectors = unit([1, 0, 0], [0.95, 0.3, 0], [0, 0, 1])
    before = [claim("old", "D", day=DAY - timedelta(days=2))]
    relations = relations_of(today, vectors, [*before, *today], unit([0, 0, 1], *vectors.tolist()))
    one, two, three = components_of(today, vectors, before, unit([0, 0, 1]), relations, {"th": 0.9}, {})
    assert (one.values["novelty"], three.values["novelty"]) == (1.0, 0.0)
    assert one.other_shows == ("B",)
    assert one.values["corroboration"] == two.values["corroboration"] == 0.5
    assert three.other_shows == ("D",)
    assert (three.values["momentum"], one.values["momentum"]) == (0.9, 0.0)
    assert all(0 <= value <= 1 for c in (one, two, three) for value in c.values.values())
    assert components_of([], unit([1, 0])[:0], before, unit([0, 0, 1]), {}, {}, {}) == []


def test_a_score_is_the_weighted_mean() -> None:
    values = {
        "worthiness": 1.0,
        "clarity": 0.0,
        "novelty": 0.0,
        "specificity": 0.0,
        "corroboration": 0.0,
        "momentum": 0.0,
    }
    assert (
        score_of(values, ScoreWeights(worthiness=1, clarity=0, novelty=1, specificity=0, corroboration=0, momentum=0))
        == 0.5
    )


def components(worth: float) -> Components:
    return Components(
        {
            "worthiness": worth,
            "clarity": 0.8,
            "novelty": 1,
            "specificity": 0.7,
            "corroboration": 0,
            "momentum": 0,
            "verdicts": 0.5,
            "recency": 1,
        },
        None,
        (),
    )


def test_the_choice_is_varied_and_every_refusal_is_explained(settings: Settings) -> None:
    names = ["best", "same", "third", "crowd", "theme", "sent", "weak", "wide"]
    shows = ["A", "B", "A", "A", "C", "D", "E", "F"]
    worth = [0.95, 0.94, 0.93, 0.92, 0.91, 0.90, 0.1, 0.89]
    clusters = ["th", None, None, None, "th", None, None, "th"]
    today = [claim(n, s, w, c) for n, s, w, c in zip(names, shows, worth, clusters, strict=True)]
    vectors = np.eye(8, dtype=np.float32)
    vectors[1] = vectors[0]
    vectors[4] = 0.5 * vectors[0] + 0.866 * vectors[4]
    published = Published([DAY - timedelta(days=1)], ["Sent before"], vectors[5:6])
    chosen = {
        i.claim_id: i for i in select_insights(today, vectors, [components(w) for w in worth], published, settings)
    }
    # "wide" is of the first one's theme too, and speaks of something else
    assert [n for n in names if chosen[n].rank] == ["best", "third", "wide"]
    assert "much the same as number 1" in (chosen["same"].why_not or "")
    assert "A already has 2" in (chosen["crowd"].why_not or "")
    assert "number 1 is of the same theme" in (chosen["theme"].why_not or "")
    assert "2026-09-13 already sent it" in (chosen["sent"].why_not or "")
    assert "under" in (chosen["weak"].why_not or "")


def test_what_does_not_stand_alone_is_not_published(settings: Settings) -> None:
    leaning = Components({**components(0.99).values, "clarity": 0.2}, None, ())
    (insight,) = select_insights([claim("c")], np.eye(8, dtype=np.float32)[:1], [leaning], NONE_PUBLISHED, settings)
    assert insight.rank is None
    assert "its clarity 0.20 is under 0.30" in (insight.why_not or "")


def test_a_feeds_weight_multiplies_its_claims_scores(settings: Settings) -> None:
    today = [claim("plain", "A"), replace(claim("loved", "B"), weight=1.5), replace(claim("doubted", "C"), weight=0.5)]
    worth = [components(0.6)] * 3
    found = {
        i.claim_id: i for i in select_insights(today, np.eye(8, dtype=np.float32)[:3], worth, NONE_PUBLISHED, settings)
    }
    assert found["loved"].score == pytest.approx(min(1, 1.5 * found["plain"].score))
    assert (found["loved"].rank, found["plain"].rank, found["doubted"].rank) == (1, 2, None)
    assert "with its show's weight of 0.5" in (found["doubted"].why_not or "")


def test_no_more_than_the_top_and_none_without_claims(settings: Settings) -> None:
    today = [claim(f"c{n}", f"S{n}") for n in range(8)]
    found = select_insights(today, np.eye(8, dtype=np.float32), [components(0.9)] * 8, NONE_PUBLISHED, settings)
    assert sorted(i.rank for i in found if i.rank) == [1, 2, 3, 4, 5]
    assert {i.why_not for i in found if not i.rank} == {"5 others score higher"}
    assert select_insights([], np.zeros((0, 8), dtype=np.float32), [], NONE_PUBLISHED, settings) == []


def test_one_is_not_spoken_of_as_many(settings: Settings) -> None:
    today, vectors, strong = (
        [claim("a"), claim("b"), claim("c", "B")],
        np.eye(8, dtype=np.float32),
        [components(0.9)] * 3,
    )
    for change, reason in (
        ({"top_n": 1}, "another scores higher"),
        ({"max_per_show": 1}, "A already has 1 insight in this digest"),
    ):
        found = select_insights(today, vectors, strong, NONE_PUBLISHED, settings.model_copy(update=change))
        assert found[1].why_not == reason


def test_why_names_the_evidence() -> None:
    old = claim("old", "The Show", day=DAY - timedelta(days=3))
    close = Components({**components(0.7).values, "novelty": 0.1, "momentum": 0.98}, (0.8, old), ("B", "C"))
    assert why(close, 45) == (
        "A strong, specific claim; close to what The Show had on 11 Sep 2026; B and C say the same; its theme is growing."
    )


def test_a_weight_over_one_leaves_the_order_to_the_score(settings: Settings) -> None:
    today = [replace(claim(name, f"Show {name}"), weight=2) for name in ("a", "b", "c", "d")]
    worth = [components(w) for w in (0.6, 0.7, 0.8, 0.9)]
    worth[3] = replace(worth[3], values={**worth[3].values, "verdicts": 0.05})
    found = select_insights(today, np.eye(8, dtype=np.float32)[:4], worth, NONE_PUBLISHED, settings)
    assert [(i.claim_id, i.score) for i in found] == [("c", 1), ("b", 1), ("d", 1), ("a", 1)]


def test_numbers_that_are_compared_are_told_apart(settings: Settings) -> None:
    assert too_weak(0.0996, 0.1) == "worthiness 0.0996 is under 0.1000"
    assert too_weak(0.1, 0.1) is None
    assert told_apart(0.6186, 0.62) == ("0.619", "0.620")
    assert told_apart(0.3, 0.62) == ("0.30", "0.62")
    weak = components(0.5)
    score = select_insights([claim("a")], np.eye(1, 8, dtype=np.float32), [weak], NONE_PUBLISHED, settings)[0].score
    for change, said in (
        ({"min_score": score + 0.0004}, f"its score {score:.4f} is under {score + 0.0004:.4f}"),
        ({"min_score": 0.0, "min_clarity": 0.8004}, "its clarity 0.8000 is under 0.8004"),
    ):
        strict = settings.model_copy(update=change)
        (found,) = select_insights([claim("a")], np.eye(1, 8, dtype=np.float32), [weak], NONE_PUBLISHED, strict)
        assert said in (found.why_not or "")


def test_equal_claims_are_equal_whatever_their_rounding(settings: Settings) -> None:
    strict = settings.model_copy(update={"max_similarity": 1.0})
    generator = np.random.default_rng(0)
    for vector in unit(*generator.normal(size=(50, 384)).tolist()):
        published = Published([DAY - timedelta(days=1)], ["Sent before"], vector[None])
        (found,) = select_insights([claim("a")], vector[None], [components(0.95)], published, strict)
        assert "already sent it" in (found.why_not or "")


def test_nothing_is_sent_twice_however_long_ago_and_in_whatever_order_days_are_run(warehouse: Warehouse) -> None:
    days = [DAY - timedelta(days=400), DAY - timedelta(days=1), DAY]

    def known(day: date) -> list[str]:
        with warehouse.read() as con:
            return list(published_before(con, day, "m").claim_ids)

    with warehouse.write() as con:
        for number, day in enumerate(days):
            con.execute("insert into raw.claim_embeddings values (?, 'm', [1.0, 0.0], 0.8)", [f"cl_{number}"])
            record_digest(con, Digest(day, (item(f"cl_{number}"),)))
    assert known(DAY) == ["cl_0", "cl_1"]
    assert known(DAY - timedelta(days=7)) == ["cl_0", "cl_1", "cl_2"]
    assert known(DAY - timedelta(days=1)) == ["cl_0"], "what that day has sent was there before"


def item(claim_id: str) -> DigestItem:
    return DigestItem(1, claim_id, "Head", "", "Words", None, "A", "One", 0, 1, None, None, None, 0.7, {}, "Strong.")
