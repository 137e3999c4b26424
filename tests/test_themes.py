"""Themes over days: ids, events, titles, trends, and the awkward windows."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bench.published import made_up_archive
from digest_pipeline.clusters.cluster import cluster_claims
from digest_pipeline.clusters.day import cluster_day
from digest_pipeline.clusters.identity import Group, PastTheme, ThemeEvent, assign_ids, events_of_day
from digest_pipeline.clusters.neighbours import _exact, _searched
from digest_pipeline.clusters.titles import Title
from digest_pipeline.clusters.trends import FADING, RISING, STEADY, UNKNOWN, trend_of
from digest_pipeline.encoder import Vectors
from digest_pipeline.llm.books import Books, LlmCall
from digest_pipeline.publishing.retract import retract
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.llm_server import Reply, StandIn

DAY = date(2026, 9, 14)
NOWHERE = np.array([1, 0, 0], dtype=np.float32)


def group(claims: str, centroid: Vectors = NOWHERE) -> Group:
    return Group(frozenset(claims.split()), centroid)


def past(
    cluster_id: str, claims: str, *, alive: bool = True, centroid: Vectors | None = None, size: int | None = None
) -> PastTheme:
    left = frozenset(claims.split())
    return PastTheme(cluster_id, left, centroid, alive, size or len(left))


def test_a_theme_keeps_its_id_and_a_new_one_gets_its_own() -> None:
    known = [past("th_1", "a b c"), past("th_2", "d e f")]
    groups = [group("z1 z2 z3"), group("d e y"), group("a b c x")]
    ids = assign_ids(groups, known, DAY)
    assert ids[1:] == ["th_2", "th_1"]
    assert ids[0].startswith("th_")
    assert ids == assign_ids(groups, known, DAY)
    assert events_of_day(groups, ids, known) == [ThemeEvent("born", ids[0])]


def test_ids_go_where_most_claims_stay_in_their_theme() -> None:
    # The largest overlap first would give th_1 to the first group, and nothing to the second.
    known = [past("th_1", "a b c d e f g"), past("th_2", "h i j k l")]
    groups = [group("a b c d h i j k l"), group("e f g")]
    assert assign_ids(groups, known, DAY) == ["th_2", "th_1"]


def test_a_split_a_merger_and_a_death_are_events() -> None:
    known = [past("th_1", "a b c d e f"), past("th_2", "g h i"), past("th_3", "j k l"), past("th_4", "m n o")]
    groups = [group("a b c d"), group("e f x"), group("g h i j k l")]
    ids = assign_ids(groups, known, DAY)
    new = ids[1]
    assert ids[0] == "th_1"
    assert ids[2] in {"th_2", "th_3"}
    absorbed = "th_3" if ids[2] == "th_2" else "th_2"
    assert set(events_of_day(groups, ids, known)) == {
        ThemeEvent("born", new, ("th_1",)),
        ThemeEvent("split", "th_1", (new,)),
        ThemeEvent("merged", ids[2], (absorbed,)),
        ThemeEvent("died", absorbed, (ids[2],)),
        ThemeEvent("died", "th_4"),
    }


def test_a_theme_that_comes_back_is_revived_under_its_id() -> None:
    known = [past("th_1", "a b c", alive=False)]
    ids = assign_ids([group("a b c d")], known, DAY)
    assert ids == ["th_1"]
    assert events_of_day([group("a b c d")], ids, known) == [ThemeEvent("revived", "th_1")]


def test_without_common_claims_the_centroid_tells_unless_another_encoder_made_it() -> None:
    near = np.array([0.95, 0.312, 0], dtype=np.float32)
    assert assign_ids([group("x y z", near)], [past("th_1", "", centroid=NOWHERE)], DAY) == ["th_1"]
    assert assign_ids([group("x y z", near)], [past("th_1", "")], DAY) != ["th_1"]


@pytest.mark.parametrize(
    ("left", "size", "is_same"),
    [("a", 1, False), ("a b", 12, False), ("a b", 4, True), ("a b c d", 12, False), ("a b c d e", 12, True)],
)
def test_the_few_claims_that_a_dead_theme_has_left_do_not_pass_on_its_id(left: str, size: int, is_same: bool) -> None:
    new = group(f"{left} " + " ".join(f"z{n}" for n in range(20)))
    for alive in (True, False):
        assert (assign_ids([new], [past("th_1", left, size=size, alive=alive)], DAY) == ["th_1"]) is is_same
        near = past("th_1", left, size=size, alive=alive, centroid=NOWHERE)
        assert assign_ids([new], [near], DAY) == ["th_1"]


class Turned:
    """A stand-in encoder of another name and size: the same blobs of meaning, in directions of its own; it knows the
    claims by their numbers, and their words all mean one thing.
    """

    def __init__(self, name: str, seed: int, sizes: list[int]) -> None:
        self.name, self._vectors = name, blobs(sizes, seed)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._vectors[[int(text.split()[1]) if " " in text else 0 for text in texts]]

    def embed_layers(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        meaning = self.embed(texts)
        return meaning, meaning[:, :4]


def store_claims(warehouse: Warehouse, count: int) -> None:
    with warehouse.write() as con:
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, published_at, first_seen_at, digest_date,"
            " transcript_urls, description, status) values ('ep', 'u', 't', $day, $day, $day, '[]', '', 'transcribed')",
            {"day": DAY},
        )
        for n in range(count):
            con.execute(
                "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
                " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
                " values ($id, $day, 'ep', $head, '', 'q', 0, 1, 0, 0, 0.5, false, 'x')",
                {"id": f"cl_{n:02}", "day": DAY, "head": f"claim {n} of mine"},
            )


@pytest.mark.filterwarnings("default::ResourceWarning")  # litellm leaves its connections open
def test_titles_are_paid_from_the_budget_of_their_run(
    warehouse: Warehouse, settings: Settings, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none-needed")
    stand_in = StandIn(web, Reply(json.dumps({"title": "Claims"})))
    model = {"llm_model": "openai/gpt-4o", "llm_api_base": f"{web.url}/v1"}
    priced = settings.model_copy(update=model)
    store_claims(warehouse, 36)
    Books(warehouse, DAY, "this run").book(LlmCall("ep", "claims", "m", "1", usd=0.99), "key")
    cluster_day(warehouse, Turned("one", 3, [12, 12, 12]), DAY, priced, "this run")
    assert stand_in.asked == []
    cluster_day(warehouse, Turned("one", 3, [12, 12, 12]), DAY, priced, "another run")
    assert len(stand_in.asked) == 3


def test_themes_keep_their_ids_when_another_encoder_is_set(warehouse: Warehouse, settings: Settings) -> None:
    sizes = [12, 12, 12]
    store_claims(warehouse, sum(sizes))
    first = cluster_day(warehouse, Turned("one", 3, sizes), DAY, settings)
    again = cluster_day(warehouse, Turned("two", 8, sizes), DAY + timedelta(days=1), settings)
    assert len(first.themes) == 3
    assert [theme.cluster_id for theme in again.themes] == [theme.cluster_id for theme in first.themes]
    assert (first.embedded, again.embedded, list(again.events)) == (36, 36, [])
    with warehouse.read() as con:
        assert con.execute("select model, n_themes from raw.cluster_days order by digest_date").fetchall() == [
            ("one", 3), ("two", 3),
        ]  # fmt: skip


def test_the_first_claim_of_a_theme_is_the_one_that_was_said_first(warehouse: Warehouse, settings: Settings) -> None:
    def first_claims(day: date) -> set[str]:
        cluster_day(warehouse, Turned("one", 3, [12, 12, 12]), day, settings)
        with warehouse.read() as con:
            found = con.execute("select first_claim_id from raw.embedding_clusters where digest_date = ?", [day])
            return {claim_id for (claim_id,) in found.fetchall()}

    store_claims(warehouse, 36)
    with warehouse.write() as con:  # within each theme the last id is said first
        con.execute("update raw.claim_candidates set start_seconds = 100 - right(claim_id, 2)::integer")
    assert first_claims(DAY) == {"cl_11", "cl_23", "cl_35"}
    with warehouse.write() as con:
        con.execute("update raw.claim_candidates set start_seconds = 0 where claim_id = 'cl_05'")
        con.execute("update raw.claim_candidates set rejected_reason = 'gone' where claim_id = 'cl_35'")
    assert first_claims(DAY + timedelta(days=1)) == {"cl_05", "cl_23", "cl_35"}


def test_a_theme_that_dies_is_called_by_its_title_still(warehouse: Warehouse, settings: Settings) -> None:
    store_claims(warehouse, 36)
    first = cluster_day(warehouse, Turned("one", 3, [12, 12, 12]), DAY, settings)
    with warehouse.write() as con:
        con.execute("update raw.claim_candidates set rejected_reason = 'gone' where claim_id >= 'cl_24'")
    later = cluster_day(warehouse, Turned("one", 3, [12, 12, 12]), DAY + timedelta(days=1), settings)
    died = {event.cluster_id for event in later.events if event.event == "died"}
    assert died
    assert {later.titles[theme] for theme in died} <= {named.title.text for named in first.themes}


def titles_of(warehouse: Warehouse, day: date, settings: Settings) -> dict[str, Title]:
    return {
        named.cluster_id: named.title
        for named in cluster_day(warehouse, Turned("one", 3, [12] * 3), day, settings).themes
    }


def test_a_claim_that_analysts_blame_is_no_title(warehouse: Warehouse, settings: Settings) -> None:
    store_claims(warehouse, 36)
    first = titles_of(warehouse, DAY, settings)
    for number, kind in enumerate(("wrong", "bad", "duplicate")):
        with warehouse.write() as con:
            con.execute(
                "insert into raw.verdicts values (?, ?, ?, null)", [list(first.values())[number].claim_id, DAY, kind]
            )
        after = titles_of(warehouse, DAY + timedelta(days=number + 1), settings)
        assert list(after) == list(first)
        changed = [
            before.claim_id != title.claim_id for before, title in zip(first.values(), after.values(), strict=True)
        ]
        assert changed == [place <= number for place in range(3)]
    with warehouse.write() as con:
        con.execute("delete from raw.verdicts")
        con.execute(
            "insert into raw.verdicts select claim_id, $day, 'bad', null from raw.claim_candidates", {"day": DAY}
        )
    assert {title.by for title in titles_of(warehouse, DAY + timedelta(days=4), settings).values()} == {"keywords"}
    with warehouse.write() as con:
        con.execute("update raw.verdicts set verdict = 'good'")
    praised = titles_of(warehouse, DAY + timedelta(days=5), settings)
    assert {title.claim_id for title in praised.values()} <= {f"cl_{n:02}" for n in range(36)}


def test_a_claim_that_was_taken_back_is_no_title(warehouse: Warehouse, settings: Settings) -> None:
    store_claims(warehouse, 36)
    before = titles_of(warehouse, DAY, settings)
    own, *others = before
    with warehouse.write() as con:
        digest = made_up_archive(DAY, 1)[0]
        record_digest(con, replace(digest, items=(replace(digest.items[0], claim_id=before[own].claim_id),)))
        retract(con, before[own].claim_id, "Wrong.", datetime(2026, 9, 20, tzinfo=UTC))
    after = titles_of(warehouse, DAY + timedelta(days=1), settings)
    assert after[own].claim_id != before[own].claim_id
    assert [after[theme] for theme in others] == [before[theme] for theme in others]


def test_a_window_of_a_few_days_has_no_earlier_ones(warehouse: Warehouse, settings: Settings) -> None:
    store_claims(warehouse, 36)
    for days, recent, earlier in ((3, 3, 0), (45, 7, 38)):
        titles_of(warehouse, DAY, settings.model_copy(update={"cluster_window_days": days}))
        with warehouse.read() as con:
            found = con.execute("select distinct recent_days, earlier_days, trend from raw.theme_trends").fetchall()
        assert found == [(recent, earlier, UNKNOWN)]


def blobs(sizes: list[int], seed: int = 3, spread: float = 0.25) -> Vectors:
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(len(sizes), 64))
    rows = np.vstack([c + generator.normal(0, spread, (n, 64)) for c, n in zip(centres, sizes, strict=True)])
    found: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def words(count: int) -> list[str]:
    return [f"claim number{n} of topic" for n in range(count)]


def test_a_clip_in_many_feeds_is_one_claim_and_no_theme_of_its_own() -> None:
    vectors = blobs([12, 12, 12, 1])
    vectors = np.vstack([vectors, vectors[-1:], vectors[-1:], vectors[-1:]])
    texts = [*words(37), "claim number36 of topic", "Claim number36, of topic!", "claim number36 of topic"]
    themes = cluster_claims(vectors, texts, min_size=3)
    assert not any(set(theme.members) <= {36, 37, 38, 39} for theme in themes)
    inside = np.vstack([vectors[:36], vectors[:1], vectors[:1]])
    doubled = cluster_claims(inside, [*words(36), words(1)[0], words(1)[0]], min_size=3)
    assert {0, 36, 37} <= set(doubled[0].members)


def test_a_window_of_one_topic_is_one_theme() -> None:
    themes = cluster_claims(blobs([40], spread=0.4), words(40), min_size=3)
    assert [len(theme.members) for theme in themes] == [40]
    assert all(0 <= p <= 1.0001 for p in themes[0].probabilities)


def test_unrelated_claims_are_not_forced_into_themes() -> None:
    generator = np.random.default_rng(5)
    noise = generator.normal(size=(60, 64))
    rows = np.vstack([blobs([15, 15]), noise / np.linalg.norm(noise, axis=1, keepdims=True)]).astype(np.float32)
    themes = cluster_claims(rows, words(90), min_size=3)
    together = [set(theme.members) for theme in themes]
    assert any(set(range(15)) <= members for members in together)
    assert any(set(range(15, 30)) <= members for members in together)
    assert sum(len(members) for members in together) < 90


@pytest.mark.parametrize(
    ("spread", "free", "bonds", "bound"),
    [
        (0.6, {(0,), (1,), (2,), (3,)}, [0, 0, 1, 2], {(0, 1), (2,), (3,)}),
        (0.9, {(0, 1), (2,), (3,)}, [0, 1, 2, 3], {(0,), (1,), (2,), (3,)}),
    ],
)
def test_what_was_together_the_day_before_tends_to_stay_together_and_what_was_apart_apart(
    spread: float, free: set[tuple[int, ...]], bonds: list[int], bound: set[tuple[int, ...]]
) -> None:
    generator = np.random.default_rng(3)
    centres = generator.normal(size=(4, 64))
    centres[1] = 0.93 * centres[0] + 0.37 * centres[1]
    rows = np.vstack([centre + generator.normal(0, spread, (15, 64)) for centre in centres])
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def matters(bonds: list[int] | None) -> set[tuple[int, ...]]:
        known = None if bonds is None else np.repeat(bonds, 15)
        themes = cluster_claims(vectors, words(60), min_size=3, bonds=known)
        return {tuple(sorted({row // 15 for row in theme.members})) for theme in themes}

    assert matters(None) == free
    assert matters(bonds) == bound


def test_the_graph_search_of_large_windows_finds_the_same_neighbours_each_time() -> None:
    vectors = blobs([100] * 20)
    exact, cosines = _exact(vectors, 10)
    found, _ = _searched(vectors, 10)
    again, _ = _searched(vectors, 10)
    assert (found == again).all()
    assert np.mean([len({*a} & {*b}) / 10 for a, b in zip(exact.tolist(), found.tolist(), strict=True)]) > 0.95
    assert np.allclose(np.take_along_axis(vectors @ vectors.T, exact, axis=1), cosines, atol=1e-5)


def test_a_trend_needs_evidence_and_counts_episodes_against_all_that_could_have_spoken_of_it() -> None:
    every_day = {DAY - timedelta(days=n): 4 for n in range(45)}
    once = {DAY - timedelta(days=n): 1 for n in range(0, 45, 4)}
    assert trend_of(once, every_day, DAY).trend == STEADY
    rising = trend_of({DAY: 3, DAY - timedelta(days=2): 3, DAY - timedelta(days=30): 1}, every_day, DAY)
    assert (rising.trend, rising.recent_episodes, rising.earlier_episodes) == (RISING, 6, 1)
    assert rising.growth is not None
    assert rising.growth > 5
    faded = {DAY - timedelta(days=n): 1 for n in range(10, 45)}
    assert trend_of(faded, every_day, DAY).trend == FADING
    few = trend_of({DAY: 4}, every_day, DAY)
    assert (few.trend, few.probability) == (UNKNOWN, None)
    # A week with ten times the episodes has ten times the mentions by chance.
    busy = {day: 40 if day > DAY - timedelta(days=7) else 4 for day in every_day}
    assert trend_of({DAY: 6, DAY - timedelta(days=30): 1, DAY - timedelta(days=20): 1}, busy, DAY).trend == STEADY


def test_trends_are_seldom_called_where_nothing_grows() -> None:
    generator = np.random.default_rng(1)
    every_day = {DAY - timedelta(days=n): 5 for n in range(45)}
    called = Counter(
        trend_of({day: int(generator.binomial(5, 0.08)) for day in every_day}, every_day, DAY).trend
        for _ in range(1000)
    )
    assert called[RISING] < 40
    assert called[FADING] < 40
