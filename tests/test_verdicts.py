"""Analysts' verdicts: what they bar, raise and lower, how that is explained, and how they are kept."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from dagster import AssetSpec, materialize
from typer.testing import CliRunner

from assets.scored_insights import scored_insights
from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.llm.rewrite import Rewording
from digest_pipeline.claims.store import save_extraction, save_rewordings
from digest_pipeline.cli import app
from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.subscribers import SubscriberBook
from digest_pipeline.delivery.votes import cast_vote
from digest_pipeline.encoder import embedder_name
from digest_pipeline.errors import DigestError, WarehouseError
from digest_pipeline.models import ClaimCandidate, Digest, DigestItem, Episode, ScoredInsight, Subscriber
from digest_pipeline.publishing.retract import retract
from digest_pipeline.publishing.store import record_digest
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import RECENCY_HALF_LIFE, adjusted_score, components_of
from digest_pipeline.scoring.select import Published, select_insights
from digest_pipeline.scoring.verdict_store import (
    give_verdict,
    judged_claims,
    keep_votes,
    last_verdicts,
    withdraw_verdict,
)
from digest_pipeline.scoring.verdicts import NO_OPINION, Judged, Kind, Opinion, ReaderVotes, Verdict, opinions_of
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
NOW = datetime(2026, 9, 15, 8, tzinfo=UTC)
NONE_PUBLISHED = Published([], [], np.zeros((0, 4), dtype=np.float32))


def claim(name: str, show: str = "A", episode: str = "ep_1") -> ScoringClaim:
    quote = f"The deposit of {name} cleared 40 percent of the queue because it costs more than asking twice."
    return ScoringClaim(name, DAY, show, episode, quote, quote, 0.7, 0.8)


def near(cosine: float) -> list[float]:
    """A unit vector of this cosine with the judged claim's."""
    return [cosine, float(np.sqrt(1 - cosine**2)), 0, 0]


def judged(*kinds: Kind, ids: Sequence[str] = (), show: str = "A", episode: str = "ep_0") -> Judged:
    """Verdicts on claims that all lie at the first axis."""
    names = ids or [f"old{n}" for n in range(len(kinds))]
    verdicts = [Verdict(name, kind, None, NOW) for name, kind in zip(names, kinds, strict=True)]
    vectors = np.array([[1, 0, 0, 0]] * len(kinds), dtype=np.float32)
    return Judged(verdicts, ["Old words"] * len(kinds), [show] * len(kinds), [episode] * len(kinds), vectors)


def opinion(cosine: float, said: Judged, of: ScoringClaim | None = None) -> Opinion:
    of = of or claim("new")
    return opinions_of([of], np.array([near(cosine)], dtype=np.float32), said, 0.7).get(of.claim_id, NO_OPINION)


def insight(cosine: float, said: Judged, settings: Settings, of: ScoringClaim | None = None) -> ScoredInsight:
    today, vectors = [of or claim("new")], np.array([near(cosine)], dtype=np.float32)
    found = opinions_of(today, vectors, said, settings.max_similarity)
    components = components_of(today, vectors, [], np.zeros((0, 4), dtype=np.float32), {}, {}, found)
    (scored,) = select_insights(today, vectors, components, NONE_PUBLISHED, settings)
    return scored


def test_without_a_verdict_nothing_changes() -> None:
    nothing = Judged([], [], [], [], np.zeros((0, 0), dtype=np.float32))
    assert opinion(1, nothing) == NO_OPINION
    assert opinion(0.3, judged(Kind.BAD, Kind.GOOD)) == NO_OPINION
    assert opinions_of([], np.zeros((0, 4), dtype=np.float32), judged(Kind.BAD), 0.7) == {}


@pytest.mark.parametrize("kind", [Kind.GOOD, Kind.BAD, Kind.WRONG])
def test_the_closer_the_judged_claim_the_more_it_counts_and_a_show_feels_it_from_further(kind: Kind) -> None:
    away = [abs(opinion(cosine, judged(kind)).value - 0.5) for cosine in (0.36, 0.5, 0.8, 0.9, 1)]
    assert away == sorted(away)
    assert away[0] > 0
    assert away[-1] == away[-2] == 0.25
    assert (opinion(0.9, judged(kind)).value > 0.5) is (kind is Kind.GOOD)
    other_show = judged(kind, show="B")
    assert opinion(0.5, other_show) == NO_OPINION
    assert 0 < abs(opinion(0.65, other_show).value - 0.5) < abs(opinion(0.65, judged(kind)).value - 0.5)


def test_many_that_agree_count_more_than_one_within_bounds_and_who_disagree_cancel_out() -> None:
    many = opinion(1, judged(*[Kind.GOOD] * 50)).value
    assert opinion(1, judged(Kind.GOOD)).value < many < 1
    assert 0 < opinion(1, judged(*[Kind.BAD] * 50)).value < 0.5
    assert opinion(1, judged(Kind.GOOD, Kind.BAD)) == NO_OPINION


@pytest.mark.parametrize("kind", [Kind.BAD, Kind.WRONG, Kind.DUPLICATE])
def test_a_judged_claim_is_never_published_again(kind: Kind, settings: Settings) -> None:
    found = insight(1, judged(kind, ids=["new"]), settings)
    assert found.rank is None
    assert "an analyst judged it" in (found.why_not or "")
    assert found.components["verdicts"] == 0
    praised = insight(1, judged(Kind.GOOD, ids=["new"]), settings)
    assert praised.rank == 1
    assert praised.why.endswith("; analysts judged it worth sending.")


def test_the_same_passage_of_the_episode_is_barred_too_however_it_was_cut() -> None:
    assert "“Old words”" in (opinion(0.71, judged(Kind.WRONG, episode="ep_1")).bar or "")
    assert opinion(0.69, judged(Kind.WRONG, episode="ep_1")).bar is None
    assert opinion(0.99, judged(Kind.WRONG, episode="ep_2")).bar is None


def test_a_duplicate_bars_what_says_the_same_and_lowers_nothing() -> None:
    assert "a repetition of what is known" in (opinion(0.71, judged(Kind.DUPLICATE, show="B")).bar or "")
    assert opinion(0.69, judged(Kind.DUPLICATE)) == NO_OPINION


def test_the_reasons_name_the_verdict(settings: Settings) -> None:
    plain = insight(0, judged(Kind.GOOD), settings)
    raised = insight(1, judged(Kind.GOOD), settings)
    assert raised.score == pytest.approx(plain.score + settings.verdict_weight / 2, abs=1e-3)
    assert raised.why.endswith("; analysts judged a claim like it worth sending.")
    lowered = insight(1, judged(Kind.BAD), settings.model_copy(update={"min_score": plain.score - 0.01}))
    assert lowered.rank is None
    assert (
        "which verdicts on claims like it lowered by 0.10 (analysts judged a claim like it not worth sending: “Old words”)"
    ) in (lowered.why_not or "")
    assert "judged" not in plain.why


@pytest.mark.parametrize("kind", [Kind.GOOD, Kind.BAD, Kind.WRONG])
def test_readers_see_words_of_a_judged_claim_only_where_they_are_praised_and_were_said(
    kind: Kind, settings: Settings
) -> None:
    for quotable in (frozenset({"old0"}), frozenset[str]()):
        said = replace(judged(kind), quotable=quotable)
        assert ("“Old words”" in insight(0.69, said, settings).why) is (kind is Kind.GOOD and bool(quotable))
        assert opinion(0.69, said).evidence.endswith(": “Old words”")


def test_what_was_refused_or_is_an_advertisement_is_not_quoted(stored: Warehouse) -> None:
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.GOOD, None, NOW)
        for change, quotable in (
            ("is_ad = false", {"cl_1"}), ("is_ad = true", set()), ("is_ad = false, rejected_reason = 'unsaid'", set()),
        ):  # fmt: skip
            con.execute(f"update raw.claim_candidates set {change} where claim_id = 'cl_1'")
            assert judged_claims(con, "m").quotable == quotable


def test_what_was_taken_back_is_not_quoted(stored: Warehouse) -> None:
    shown = DigestItem(1, "cl_1", "Head", "", "Words", None, "A", "One", 0, 1, None, None, None, 0.7, {}, "Strong.")
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.GOOD, None, NOW)
        record_digest(con, Digest(DAY, (shown,)))
        assert judged_claims(con, "m").quotable == {"cl_1"}
        retract(con, "cl_1", "It was wrong.", NOW)
        assert judged_claims(con, "m").quotable == frozenset()


def test_readers_votes_count_on_claims_that_are_stored_and_embedded(stored: Warehouse) -> None:
    with stored.write() as con:
        keep_votes(con, "one", [ReaderVotes(f"cl_{n}", 2, 0) for n in (1, 2, 3)])
        found = judged_claims(con, "m")
        assert found.judgements == [ReaderVotes("cl_1", 2, 0)]
        assert found.vectors.tolist() == [[1, 0, 0, 0]]
        assert found.quotable == {"cl_1"}


def test_a_run_takes_readers_votes_and_goes_on_with_those_of_before_where_their_file_is_damaged(
    stored: Warehouse, settings: Settings
) -> None:
    model = embedder_name(load_settings())
    with stored.write() as con:
        con.execute("delete from raw.claim_candidates where claim_id = 'cl_2'")
        con.execute("update raw.claim_embeddings set model = ?", [model])
    with open_delivery(settings.subscribers) as con:
        SubscriberBook(con).save(Subscriber("su_1", "mail", "ann@example.org", is_active=True))
        cast_vote(con, "su_1", "cl_1", is_worth=True, now=NOW)
    resources = {"warehouse": WarehouseResource(database=str(settings.database)), "settings": SettingsResource()}
    for is_damaged in (False, True):
        if is_damaged:
            for file in settings.home.glob("subscribers.sqlite*"):
                file.write_bytes(b"no database " * 1000)
        made = materialize(
            [scored_insights, AssetSpec("embedding_clusters")], partition_key=str(DAY), resources=resources
        )
        assert made.asset_materializations_for_node("scored_insights")[0].metadata["reader_votes"].value == 1
        with stored.read() as con:
            assert con.execute("select verdicts, why from raw.scored_insights").fetchall() == [
                (0.5833, "A strong claim; a reader found it worth the time.")
            ]
    said = CliRunner().invoke(app, ["why", "cl_1"], env={"COLUMNS": "200"}).output
    assert "Readers: 1 found it worth their time, 0 did not." in said


def test_analysts_are_told_which_verdict_moved_a_score_and_of_other_settings(stored: Warehouse) -> None:
    model = embedder_name(load_settings())
    with stored.write() as con:
        con.execute("update raw.claim_embeddings set model = ?", [model])
        con.execute("insert into raw.claim_embeddings values ('cl_2', ?, [0.68, 0.7332, 0.0, 0.0], 0.8)", [model])
        give_verdict(con, "cl_1", Kind.BAD, None, NOW)
        con.execute(
            "insert into raw.scored_insights (claim_id, digest_date, score, worthiness, clarity, novelty, specificity,"
            " corroboration, momentum, verdicts, recency, rank, why)"
            " values ('cl_2', '2026-09-14', 0.8, 1, 1, 0.2, 1, 0, 0, 0.5, 1, 1, 'Strong.')"
        )

    def explained(**env: str) -> str:
        return CliRunner().invoke(app, ["why", "cl_2"], env={"COLUMNS": "200", **env}).output

    assert "Verdicts of now: analysts judged a claim like it not worth sending: “Head [1]”." in explained()
    assert "other settings" not in explained(DIGEST_SCORE_WEIGHTS__NOVELTY="0.1")
    with stored.write() as con:
        con.execute("update raw.claim_embeddings set embedding = [1.0, 0.0, 0.0, 0.0] where claim_id = 'cl_2'")
        give_verdict(con, "cl_1", Kind.DUPLICATE, None, NOW + timedelta(seconds=1))
    barred = "it says much the same as “Head [1]”, which an analyst judged a repetition of what is known"
    assert f"Verdicts of now: {barred}." in explained()
    with stored.write() as con:
        con.execute("update raw.scored_insights set rank = null, why_not = ?", [barred])
    assert "Verdicts of now" not in explained(), "the reason of the day says it"
    said = explained(DIGEST_SCORE_WEIGHTS__NOVELTY="0.2")
    assert "It was scored under other settings: with these weights its score would be 0.746." in said


def test_an_old_episode_loses_a_little(settings: Settings) -> None:
    def score(days_late: int) -> float:
        return insight(0, judged(Kind.GOOD), settings, replace(claim("new"), days_late=days_late)).score

    assert score(0) - score(RECENCY_HALF_LIFE) == pytest.approx(settings.recency_weight / 2, abs=1e-3)
    assert score(0) > score(1) > score(60) >= score(0) - settings.recency_weight
    values = insight(0, judged(Kind.GOOD), settings).components
    assert adjusted_score({**values, "verdicts": 0.0}, 0.0, settings) == 0
    assert adjusted_score({**values, "verdicts": 1.0}, 5.0, settings) == 1


@pytest.fixture
def stored(warehouse: Warehouse) -> Warehouse:
    """Two claims, one of them embedded."""
    with warehouse.write() as con:
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
            " values ('ep_1', 'https://x.example/f', 'One', '2026-09-14', '[]', '', 'transcribed')"
        )
        for claim_id in ("cl_1", "cl_2"):
            con.execute(
                "insert into raw.claim_candidates (claim_id, digest_date, episode_id, headline, explanation, quote,"
                " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
                " values (?, '2026-09-14', 'ep_1', 'Head [1]', '', 'Words', 0, 1, 0, 0, 0.7, false, 'test')",
                [claim_id],
            )
        con.execute("insert into raw.claim_embeddings values ('cl_1', 'm', [1.0, 0.0, 0.0, 0.0], 0.8)")
    return warehouse


def test_the_last_verdict_counts_until_it_is_withdrawn(stored: Warehouse) -> None:
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.BAD, "why", NOW)
        give_verdict(con, "cl_1", Kind.GOOD, None, NOW + timedelta(seconds=1))
        give_verdict(con, "cl_2", Kind.WRONG, None, NOW)
        assert [(v.claim_id, v.kind, v.note) for v in last_verdicts(con)] == [
            ("cl_1", Kind.GOOD, None),
            ("cl_2", Kind.WRONG, None),
        ]
        found = judged_claims(con, "m")  # the other claim has no vector
        assert [(v.claim_id, v.kind) for v in found.judgements if isinstance(v, Verdict)] == [("cl_1", Kind.GOOD)]
        assert found.vectors.tolist() == [[1, 0, 0, 0]]
        withdraw_verdict(con, "cl_1", NOW + timedelta(seconds=2))
        assert [v.claim_id for v in last_verdicts(con)] == ["cl_2"]
        assert con.execute("select count(*) from raw.verdicts").fetchall() == [(4,)]
        with pytest.raises(DigestError, match="no verdict on cl_1"):
            withdraw_verdict(con, "cl_1", NOW)
        with pytest.raises(DigestError, match="no claim cl_9"):
            give_verdict(con, "cl_9", Kind.BAD, None, NOW)


EPISODE = Episode("ep_1", "https://x.example/f", "A", "One", None, None, "", None, "en")
NEW_CUT = ClaimCandidate(
    "cl_3", "ep_1", "Head, cut anew", "", "Words", None, 0, 1, 0, 0, 0.7, False, "test", None, None
)


def usable(warehouse: Warehouse) -> list[str]:
    with warehouse.read() as con:
        rows = con.execute("select claim_id from raw.claim_candidates where rejected_reason is null order by 1")
        return [claim_id for (claim_id,) in rows.fetchall()]


def read_anew(warehouse: Warehouse, *found: ClaimCandidate) -> None:
    with warehouse.write() as con:
        save_extraction(con, EPISODE, DAY, Extraction(found, 9), extractor_key="newer", compute_seconds=0)


def test_a_verdict_outlives_the_cut_that_it_was_given_on(stored: Warehouse) -> None:
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.WRONG, None, NOW)
    read_anew(stored, NEW_CUT)
    assert usable(stored) == ["cl_3"]
    with stored.read() as con:
        found = judged_claims(con, "m")
        assert con.execute("select count(*) from raw.claim_candidates").fetchall() == [(2,)], "the unjudged one goes"
    new = claim("cl_3", episode="ep_1")
    barred = opinions_of([new], np.array([near(0.9)], dtype=np.float32), found, 0.7)["cl_3"].bar
    assert barred == "it says much the same as “Head [1]”, which an analyst judged wrong"


def test_a_judged_claim_that_is_found_again_is_usable_again(stored: Warehouse) -> None:
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.GOOD, None, NOW)
    read_anew(stored, NEW_CUT)
    read_anew(stored, replace(NEW_CUT, claim_id="cl_1", entities=("Harrow Flats",)))
    assert usable(stored) == ["cl_1"]


def test_a_claim_that_is_found_again_in_other_words_is_embedded_anew(stored: Warehouse) -> None:
    found = replace(NEW_CUT, claim_id="cl_1", headline="Head [1]")

    def embedded() -> list[tuple[str]]:
        with stored.read() as con:
            return con.execute("select claim_id from raw.claim_embeddings").fetchall()

    read_anew(stored, found)
    assert embedded() == [("cl_1",)]
    read_anew(stored, replace(found, headline="Head [2]"))
    assert embedded() == []


def test_a_verdict_outlives_the_wording_that_it_was_given_on(stored: Warehouse) -> None:
    original, reworded = replace(NEW_CUT, claim_id="cl_1"), replace(NEW_CUT, claim_id="cl_4", extractor="rewrite")
    with stored.write() as con:
        give_verdict(con, "cl_1", Kind.BAD, None, NOW)
        save_rewordings(con, DAY, [Rewording(original, reworded)])
        assert [verdict.claim_id for verdict in judged_claims(con, "m").judgements] == ["cl_1"]
    assert usable(stored) == ["cl_2", "cl_4"]


def test_the_commands_keep_list_and_withdraw(stored: Warehouse) -> None:
    run = CliRunner()
    assert "No verdicts yet" in run.invoke(app, ["verdicts"]).output
    assert "cl_1 is wrong" in run.invoke(app, ["verdict", "cl_1", "wrong", "--note", "made [up]"]).output
    listed = run.invoke(app, ["verdicts"], env={"COLUMNS": "200"}).output
    assert "Head [1]" in listed
    assert "made [up]" in listed
    explained = run.invoke(app, ["why", "cl_1"])
    assert "wrong: made [up]" in explained.output
    assert "withdrawn" in run.invoke(app, ["verdict", "cl_1", "--withdraw"]).output
    for wrong in (
        ["cl_1"],
        ["cl_1", "good", "--withdraw"],
        ["cl_1", "splendid"],
        ["cl_1", "--withdraw", "--note", "x"],
    ):
        assert run.invoke(app, ["verdict", *wrong]).exit_code == 2


def test_why_tells_what_was_published_from_what_a_later_run_chose(stored: Warehouse) -> None:
    shown = DigestItem(1, "cl_1", "Head", "", "Words", None, "A", "One", 0, 1, None, None, None, 0.7, {}, "Strong.")
    with stored.write() as con:
        for claim_id, rank in (("cl_1", None), ("cl_2", 1)):
            con.execute(
                "insert into raw.scored_insights (claim_id, digest_date, score, worthiness, clarity, novelty,"
                " specificity, corroboration, momentum, verdicts, recency, rank, why)"
                " values (?, '2026-09-14', 0.7, 1, 1, 1, 1, 0, 0, 0.5, 1, ?, 'Strong.')",
                [claim_id, rank],
            )
        record_digest(con, Digest(DAY, (shown,)))
    said = CliRunner().invoke(app, ["why", "cl_1"]).output
    assert "Published as number 1 of the digest of 2026-09-14." in said
    assert "Not chosen any more." in said
    said = CliRunner().invoke(app, ["why", "cl_2"], env={"COLUMNS": "200"}).output
    assert "Number 1 by now, but the digest of 2026-09-14 is as it was published" in said


def test_a_home_without_a_database_is_named(settings: Settings) -> None:
    result = CliRunner().invoke(app, ["verdict", "cl_1", "bad"])
    assert isinstance(result.exception, WarehouseError)
    assert not settings.database.exists()


def test_a_verdict_waits_for_the_run_that_holds_the_database(stored: Warehouse) -> None:
    code = f"import duckdb, time; con = duckdb.connect({str(stored.path)!r}); print('held', flush=True); time.sleep(2)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        result = CliRunner().invoke(app, ["verdict", "cl_1", "bad"])
        assert result.exit_code == 0, result.output
        assert "waiting for a gap" in result.output
    with stored.read() as con:
        assert [v.kind for v in last_verdicts(con)] == [Kind.BAD]
