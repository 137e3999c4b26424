"""Personal fives: wishes reorder what is good enough for everybody, explain themselves, and repeat nothing."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from digest_pipeline.clusters.claims import ClaimRow, save_embeddings
from digest_pipeline.delivery.interests import InterestReader
from digest_pipeline.delivery.personal import digest_for
from digest_pipeline.delivery.pool import PersonalPool, load_pool
from digest_pipeline.encoder import Embedder, Vectors, embedder_name, get_embedder
from digest_pipeline.models import Digest, DigestItem, Subscriber
from digest_pipeline.publishing.store import published_digest
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
TEXTS = (
    ("A deposit cleared 40 percent of the grid connection queue for batteries.", "Spinning Reserve", 0.78),
    ("Free tiers are bundled marketing, and the customer pays for them later.", "The Warm Cache", 0.76),
    ("Sleeping seven hours lowers blood pressure by six points.", "Five Past Eight", 0.74),
    ("Small language models answer most support questions.", "The Warm Cache", 0.72),
    ("Auctions reveal what people are willing to pay.", "Second Price", 0.70),
    ("Battery storage earns more from the balancing market than from power prices.", "Spinning Reserve", 0.68),
    ("Lab mice kept in the cold change what experiments find.", "Wide Error Bars", 0.66),
    ("Zoning rules keep the fourth floor from being built.", "The Marginal Seat", 0.64),
)


def item(number: int, headline: str, show: str, score: float, **values: object) -> DigestItem:
    made = DigestItem(
        number, f"cl_{number}", headline, "", headline, "Ann", show, "Episode", 1.0, 2.0, None, None, None, score,
        {"worthiness": score}, "A strong claim.",
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


def pool_of(items: Sequence[DigestItem], vectors: Vectors, settings: Settings, reader: InterestReader) -> PersonalPool:
    claims = tuple(
        ScoringClaim(i.claim_id, DAY, i.show, i.episode, i.headline, i.quote, i.score, 0.8, i.theme_id) for i in items
    )
    return PersonalPool(tuple(items), claims, vectors, {}, reader, settings)


@pytest.fixture(scope="module")
def encoder() -> Embedder:
    return get_embedder(Settings())


@pytest.fixture
def pool(settings: Settings, encoder: Embedder) -> PersonalPool:
    items = [item(n, *text) for n, text in enumerate(TEXTS, start=1)]
    vectors = encoder.embed([text for text, _, _ in TEXTS])
    return pool_of(items, vectors, settings, InterestReader(vectors, lambda: encoder))


def common_of(pool: PersonalPool) -> Digest:
    return Digest(DAY, pool.items[:5], episodes=3, shows=2, candidates=40)


def ids(digest: Digest) -> list[str]:
    return [i.claim_id for i in digest.items]


def who(**wishes: object) -> Subscriber:
    wished = {k: frozenset(v) if isinstance(v, list) else v for k, v in wishes.items()}
    return Subscriber("su_1", "mail", "a@example.org", is_active=True, **wished)  # type: ignore[arg-type]


def test_without_wishes_it_is_the_common_digest_and_no_encoder_is_loaded(settings: Settings) -> None:
    def load() -> Embedder:
        raise AssertionError("loaded")

    vectors = np.eye(8, dtype=np.float32)
    pool = pool_of(
        [item(n, *t) for n, t in enumerate(TEXTS, start=1)], vectors, settings, InterestReader(vectors, load)
    )
    common = common_of(pool)
    assert digest_for(who(), common, pool, frozenset()) == common
    muted = digest_for(who(muted_shows=["second price"]), common, pool, frozenset())
    assert "cl_5" not in ids(muted)


def test_what_somebody_got_is_left_out_and_the_rest_is_numbered(pool: PersonalPool) -> None:
    digest = digest_for(who(), common_of(pool), pool, frozenset({"cl_1", "cl_3"}))
    assert [(i.rank, i.claim_id) for i in digest.items] == [(1, "cl_2"), (2, "cl_4"), (3, "cl_5")]


def test_interests_bring_up_what_is_close_and_say_so(pool: PersonalPool) -> None:
    common = common_of(pool)
    digest = digest_for(who(interests="electricity storage; animal experiments"), common, pool, frozenset())
    assert {"cl_6", "cl_7"} <= set(ids(digest))
    assert len(digest.items) == 5
    assert [i.rank for i in digest.items] == [1, 2, 3, 4, 5]
    why = {i.claim_id: i.why for i in digest.items}
    assert why["cl_6"] == "A strong claim. For you: close to your interest “electricity storage”."
    assert "“animal experiments”" in why["cl_7"]
    foreign = digest_for(who(interests="medieval church music"), common, pool, frozenset())
    assert set(ids(foreign)) == set(ids(common))
    assert not any("For you" in i.why for i in foreign.items)


def test_followed_and_muted_shows_and_themes(pool: PersonalPool) -> None:
    items = [replace(i, theme="Housing, zoning", theme_id="th_9") if i.claim_id == "cl_8" else i for i in pool.items]
    pool = replace(pool, items=tuple(items))
    common = common_of(pool)
    for wish in ("th_9", "housing, ZONING"):
        digest = digest_for(who(followed_themes=[wish]), common, pool, frozenset())
        assert digest.items[0].claim_id == "cl_8"
        assert digest.items[0].why.endswith("For you: of a theme that you follow.")
        muted = digest_for(who(muted_themes=[wish], interests="zoning"), common, pool, frozenset())
        assert "cl_8" not in ids(muted)
    show = digest_for(who(followed_shows=["wide error bars"]), common, pool, frozenset())
    assert show.items[0].claim_id == "cl_7"
    assert "from a show that you follow" in show.items[0].why


def test_it_stays_diverse(pool: PersonalPool, settings: Settings) -> None:
    one_show = [replace(i, show="The Warm Cache", score=0.9 - n / 100) for n, i in enumerate(pool.items)]
    digest = digest_for(
        who(interests="power"),
        common_of(pool),
        replace(pool, items=tuple(one_show), claims=tuple(replace(c, show="The Warm Cache") for c in pool.claims)),
        frozenset(),
    )
    assert len(digest.items) == settings.max_per_show


def test_nothing_is_repeated_to_a_person_in_other_words_either(pool: PersonalPool, encoder: Embedder) -> None:
    said = "Battery storage earns more from balancing markets than from prices of power."
    earlier = {"cl_old": (DAY - timedelta(days=2), said, encoder.embed([said])[0])}
    wishes = who(interests="battery storage")
    pool = replace(pool, earlier=earlier)
    assert "cl_6" in ids(digest_for(wishes, common_of(pool), pool, frozenset()))
    assert "cl_6" not in ids(digest_for(wishes, common_of(pool), pool, frozenset({"cl_old"})))
    assert "cl_6" not in ids(digest_for(wishes, common_of(pool), pool, frozenset({"cl_6"})))


def test_each_subject_is_embedded_once(settings: Settings, encoder: Embedder) -> None:
    asked: list[str] = []

    class Counting:
        name = encoder.name

        def embed(self, texts: Sequence[str]) -> Vectors:
            asked.extend(texts)
            return encoder.embed(texts)

    reader = InterestReader(encoder.embed([text for text, _, _ in TEXTS]), Counting)
    reader.learn(["tea, grid storage", "grid storage; sleep", ""])
    first = reader.closeness("grid storage")
    assert first.values[0] > 0.5
    assert reader.closeness("grid storage, tea").values[0] == pytest.approx(first.values[0], abs=1e-4)
    assert sorted(asked) == ["grid storage", "sleep", "tea"]


def test_the_pool_of_a_real_day_keeps_the_rules_of_the_house(demo: Settings) -> None:
    warehouse = Warehouse(demo.database)
    with warehouse.read() as con:
        days = con.execute("select max(digest_date) from raw.digests where n_items > 0").fetchall()
        common = published_digest(con, days[0][0])
        assert common is not None
        pool = load_pool(con, [common], demo)
        found = dict(
            con.execute(
                "select claim_id, why_not from raw.scored_insights where digest_date = ?", [common.digest_date]
            ).fetchall()
        )
        sent = {
            c
            for (c,) in con.execute(
                "select claim_id from raw.digest_items where digest_date <> ?", [common.digest_date]
            ).fetchall()
        }
    refusals = {found[i.claim_id] for i in pool.items if found[i.claim_id]}
    assert set(ids(common)) <= {i.claim_id for i in pool.items}
    assert len(pool.items) > len(common.items)
    assert not any("under" in r or "stand alone" in r or "already sent it" in r for r in refusals)
    assert not sent & {i.claim_id for i in pool.items}
    assert pool.vectors.shape[0] == len(pool.items)
    assert np.allclose(np.linalg.norm(pool.vectors, axis=1), 1, atol=1e-3)
    last = pool.items[-1]
    assert digest_for(who(followed_shows=[last.show]), common, pool, frozenset()).items[0].show == last.show
    mutes = who(muted_shows=[common.items[0].show])
    assert all(i.show != common.items[0].show for i in digest_for(mutes, common, pool, frozenset()).items)


def test_an_advertisement_or_an_unsaid_quote_never_gets_into_the_pool(
    demo: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("copy") / "digest.duckdb"
    shutil.copyfile(demo.snapshot, copy)
    warehouse = Warehouse(copy)
    with warehouse.read() as con:
        day = con.execute("select max(digest_date) from raw.digests where n_items > 0").fetchall()[0][0]
        common = published_digest(con, day)
        assert common is not None
        others = [i for i in load_pool(con, [common], demo).items if i.claim_id not in ids(common)]
    with warehouse.write() as con:
        con.execute(
            "update raw.transcript_segments s set is_ad = true from raw.claim_candidates c where c.claim_id = ?"
            " and s.episode_id = c.episode_id and s.position between c.first_position and c.last_position",
            [others[0].claim_id],
        )
    with warehouse.read() as con:
        left = {i.claim_id for i in load_pool(con, [common], demo).items}
    assert others[0].claim_id not in left


def test_without_vectors_of_this_encoder_scores_alone_decide(settings: Settings, warehouse: Warehouse) -> None:
    digest = Digest(DAY, tuple(item(n, *t) for n, t in enumerate(TEXTS[:5], start=1)))
    with warehouse.write() as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.fct_insights as select i.*, ''::varchar as headline, ''::varchar as explanation, ''::varchar as quote, ''::varchar as speaker, ''::varchar as show_title, ''::varchar as episode_title, 0.0::double as start_seconds, 0.0::double as end_seconds, ''::varchar as audio_url, ''::varchar as link, ''::varchar as theme from raw.scored_insights i"
        )
    with warehouse.read() as con:
        pool = load_pool(con, [digest], settings)
    assert ids(digest_for(who(interests="grid storage"), digest, pool, frozenset())) == ids(digest)
    with warehouse.write() as con:
        rows = [ClaimRow("cl_2", DAY, "", "", "", "", "")]
        save_embeddings(con, rows, np.eye(1, 384, dtype=np.float32), np.ones(1), embedder_name(settings))
    with warehouse.read() as con:
        assert load_pool(con, [digest], settings).vectors.any(axis=1).tolist() == [False, True, False, False, False]
    # the weight of the show has brought all five to the highest score
    digest = replace(digest, items=tuple(replace(i, score=1.0) for i in digest.items))
    with warehouse.write() as con:
        for number in range(1, 6):
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
                " values (?, 'u', 'One', now(), '[]', '', 'transcribed')",
                [f"ep_{number}"],
            )
            con.execute(
                "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
                " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
                " values (?, ?, ?, '', '', '', 0, 1, 0, 0, 0.7, false, 'test')",
                [f"cl_{number}", DAY, f"ep_{number}"],
            )
            con.execute(
                "insert into raw.scored_insights (claim_id, digest_date, score, worthiness, clarity, novelty,"
                " specificity, corroboration, momentum, verdicts, recency, why)"
                " values (?, ?, 1, ?, 1, 1, 1, 1, 1, 1, 1, '')",
                [f"cl_{number}", DAY, number / 10],
            )
    with warehouse.read() as con:
        pool = load_pool(con, [digest], settings)
    wished = digest_for(who(followed_shows=[digest.items[0].show]), digest, pool, frozenset())
    assert ids(wished) == ["cl_1", "cl_5", "cl_4", "cl_3", "cl_2"]
