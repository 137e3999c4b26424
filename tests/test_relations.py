"""What a claim is to what was said before: the same, an update, a contradiction, and by how many independent voices."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from digest_pipeline.encoder import Vectors
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import Components, components_of
from digest_pipeline.scoring.explain import why
from digest_pipeline.scoring.relations import (
    MOST,
    Relation,
    are_independent,
    independent_voices,
    relations_of,
    updates_of,
)
from digest_pipeline.scoring.select import Published, select_insights
from digest_pipeline.scoring.store import save_relations
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
HEADLINE = "Closed models keep a lead of six months over open ones"
NOTHING = Published([], [], np.zeros((0, 4), dtype=np.float32))


def claim(
    name: str,
    headline: str = HEADLINE,
    *,
    show: str | None = None,
    speaker: str | None = None,
    days_ago: int = 0,
    quote: str | None = None,
    guests: tuple[str, ...] = (),
) -> ScoringClaim:
    said = quote or name * 60
    return ScoringClaim(name, DAY - timedelta(days=days_ago), show or f"Show {name}", f"ep_{name}", headline, said, 0.9, 0.8, speaker=speaker, guests=guests)  # fmt: skip


def alike(count: int, cosine: float = 0.8) -> Vectors:
    """Unit vectors of which any two have this cosine."""
    rows = np.sqrt(1 - cosine) * np.eye(count, count + 1) + np.sqrt(cosine) * np.eye(count + 1)[count]
    found: Vectors = rows.astype(np.float32)
    return found


def relation(new: ScoringClaim, old: ScoringClaim, cosine: float = 0.8) -> tuple[str, bool, str]:
    vectors = alike(2, cosine)
    (found,) = relations_of([new], vectors[:1], [old], vectors[1:])[new.claim_id]
    return found.relation, found.is_independent, found.reason


def test_the_same_claim_is_known_with_whom_and_when() -> None:
    kind, independent, reason = relation(claim("a"), claim("b", show="Grid Hour", speaker="Ann Lee", days_ago=3))
    assert (kind, independent) == ("same", True)
    assert reason == "Ann Lee on Grid Hour said so on 11 Sep 2026"
    assert relations_of([claim("a")], alike(2, 0.5)[:1], [claim("b")], alike(2, 0.5)[1:]) == {}


def test_a_newer_figure_of_the_same_unit_is_an_update() -> None:
    old = claim("b", "The queue for transformers takes 30 months", show="Grid Hour", days_ago=5)
    kind, _, reason = relation(claim("a", "The queue for transformers takes forty-five months"), old)
    assert kind == "updates"
    assert "45 months, where Grid Hour had 30 months on 9 Sep 2026" in reason
    assert relation(claim("a", "The queue for transformers takes thirty months"), old)[0] == "same"
    today = claim("b", "The queue for transformers takes 30 months")
    assert relation(claim("a", "The queue for transformers takes 45 months"), today)[0] == "same"


def test_an_older_statement_that_comes_late_is_no_update() -> None:
    said = datetime(2026, 9, 9, 8)
    old = replace(claim("b", "The queue for transformers takes 45 months", days_ago=5), published_at=said)
    new = claim("a", "The queue for transformers takes 30 months")
    for published_at, kind in (
        (said - timedelta(hours=1), "same"),
        (said + timedelta(hours=1), "updates"),
        (None, "updates"),
    ):
        assert relation(replace(new, published_at=published_at), old)[0] == kind


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Remote teams do not ship faster", "Remote teams ship faster"),
        ("Remote work makes junior engineers slower", "Remote work makes junior engineers faster"),
    ],
)
def test_a_denial_or_a_turned_direction_is_flagged(new: str, old: str) -> None:
    kind, _, reason = relation(claim("a", new), claim("b", old, days_ago=2))
    assert kind == "contradicts"
    assert old in reason
    assert relation(claim("a", new), replace(claim("b", old), episode_id="ep_a"))[0] == "same"


def test_agreement_in_other_words_is_no_contradiction() -> None:
    pairs = [
        ("Remote teams do not ship faster", "Remote teams never ship faster"),
        ("Remote work makes juniors slower", "Remote work does not make juniors faster"),
        ("Taxes on carbon lower emissions", "Whales do not sing in winter"),
    ]
    assert [relation(claim("a", new), claim("b", old))[0] for new, old in pairs] == ["same"] * 3


def test_a_guest_on_tour_and_a_clip_in_two_feeds_count_once() -> None:
    mine = claim("a", speaker="Host One")
    tour = [claim("b", speaker="Ann Lee"), claim("c", speaker="Ann Lee"), claim("d", speaker="Ann")]
    clip = [
        claim("e", quote="word for word the very same clip of talk"),
        claim("f", quote="Word for word, the very same clip of talk."),
    ]
    assert [voice.claim_id for voice in independent_voices(mine, [*tour, *clip])] == ["b", "e"]
    cut = "We measured forty hospitals, and those that gave nurses a say in the rota kept them."
    whole = f"Well, nobody expected this. {cut} It was not the pay, and it cost the hospitals nothing at all."
    assert not are_independent(claim("m", quote=cut), claim("n", quote=whole))
    assert are_independent(claim("m", quote="It fell."), claim("n", quote=f"{whole} It fell."))
    assert not are_independent(claim("o", speaker="José Núñez"), claim("p", speaker="Jose Nunez"))
    assert not are_independent(mine, claim("g", show=mine.show))
    assert not are_independent(mine, claim("h", speaker="Host One"))
    assert are_independent(claim("i", speaker="Speaker 1"), claim("j", speaker="Speaker 1"))


def test_a_guest_whom_only_the_feeds_name_is_one_voice() -> None:
    mine = claim("a", speaker="Host One", guests=("Bo Park",))
    tour = [claim("b", guests=("Ann Lee",)), claim("c", speaker="Speaker 2", guests=("Cy Wu", "Ann Lee"))]
    others = [claim("d", speaker="Ann Lee"), claim("e", guests=("Cy Wu",)), claim("f", speaker="Bo Park")]
    assert [voice.claim_id for voice in independent_voices(mine, [*tour, *others])] == ["b", "e", "f"]
    assert are_independent(claim("g", speaker="Eve Fox", guests=("Ann Lee",)), claim("h", speaker="Host Two"))


def test_an_update_of_what_was_sent_before_the_window_is_known() -> None:
    long_ago = [
        claim("b", "The queue for transformers takes 30 months", days_ago=60),
        claim("c", "The queue is long", days_ago=60),
    ]
    today, vectors = [claim("a", "The queue for transformers takes 45 months")], alike(3)
    (found,) = updates_of(today, vectors[:1], long_ago, vectors[1:])["a"]
    assert (found.other.claim_id, found.relation) == ("b", "updates")


def test_corroboration_counts_voices_and_not_contradictions() -> None:
    today = [claim("a")]
    before = [
        claim("b", speaker="Ann Lee", days_ago=2), claim("c", speaker="Ann Lee", days_ago=1),
        claim("d", "Closed models do not keep a lead of six months over open ones", days_ago=1),
    ]  # fmt: skip
    vectors = alike(4)
    relations = relations_of(today, vectors[:1], before, vectors[1:])
    (found,) = components_of(today, vectors[:1], before, vectors[1:], relations, {}, {})
    assert found.other_shows == ("Show b",)
    assert found.values["corroboration"] == 0.5
    assert "Show d may contradict it" in why(found, 45)


def test_who_had_an_older_figure_does_not_say_the_same() -> None:
    today = [claim("a", "The queue for transformers takes 40 months")]
    before = [claim("b", "The queue for transformers takes 30 months", days_ago=5)]
    vectors = alike(2)
    relations = relations_of(today, vectors[:1], before, vectors[1:])
    (found,) = components_of(today, vectors[:1], before, vectors[1:], relations, {}, {})
    assert (found.other_shows, found.values["corroboration"]) == ((), 0)
    assert "an update: 40 months" in why(found, 45)
    assert "the same" not in why(found, 45)


def test_what_others_say_on_the_day_itself_was_not_said_before() -> None:
    today, vectors = [claim("a"), claim("b")], alike(2)
    for days_ago, past in ((1, "the day before"), (3, "the 3 days before"), (60, "the 44 days before")):
        before, far = [claim("c", days_ago=days_ago)], -vectors[:1]
        relations = relations_of(today, vectors, [*before, *today], np.vstack([far, vectors]))
        found, _ = components_of(today, vectors, before, far, relations, {}, {})
        assert f"; nothing like it was said in {past}; Show b says the same." in why(found, 45)


def test_an_update_of_what_was_sent_may_be_sent_and_is_marked(settings: Settings) -> None:
    old = claim("b", "The queue for transformers takes 30 months", days_ago=5)
    vectors = alike(2, 0.9)
    published = Published([old.digest_date], [old.headline], vectors[1:], [old.claim_id])

    def chosen(headline: str) -> tuple[int | None, str]:
        today = [claim("a", headline)]
        relations = relations_of(today, vectors[:1], [old], vectors[1:])
        (found,) = components_of(today, vectors[:1], [old], vectors[1:], relations, {}, {})
        strong = Components(
            {**found.values, "worthiness": 1, "clarity": 1}, found.nearest_before, found.other_shows, found.relations
        )
        (insight,) = select_insights(today, vectors[:1], [strong], published, settings)
        return insight.rank, insight.why

    assert chosen("The queue for transformers takes 30 months")[0] is None
    rank, reason = chosen("The queue for transformers takes 45 months")
    assert rank == 1
    assert "an update: 45 months, where Show b had 30 months" in reason


def test_relations_are_kept_once_a_day(warehouse: Warehouse) -> None:
    vectors = alike(2)
    found = relations_of([claim("a")], vectors[:1], [claim("b", days_ago=1)], vectors[1:])
    with warehouse.write() as con:
        save_relations(con, DAY, found)
        save_relations(con, DAY, found)
        assert con.execute("select claim_id, other_claim_id, relation from raw.claim_relations").fetchall() == [
            ("a", "b", "same")
        ]


def test_a_day_of_repetitions_is_kept_at_once(warehouse: Warehouse) -> None:
    """Whoever gives a verdict meanwhile waits for 30 seconds: row by row these took a minute."""
    same = [claim(f"s{n:03}", days_ago=1) for n in range(MOST)]
    found = {f"c{n}": [Relation(f"c{n}", other, "same", 0.9, True, "so said") for other in same] for n in range(500)}
    with warehouse.write() as con:
        begun = time.monotonic()
        save_relations(con, DAY, found)
        took = time.monotonic() - begun
        assert con.execute("select count(*) from raw.claim_relations").fetchall() == [(500 * MOST,)]
    assert took < 10


def test_a_show_that_repeats_itself_hides_no_other_voice(warehouse: Warehouse) -> None:
    mine = claim("a", "The queue for transformers takes 45 months", show="Daily")
    again = "The queue for transformers is long"
    before = [claim(f"o{n:02}", again, show="Daily", days_ago=n + 1) for n in range(MOST + 5)]
    before += [
        claim("y", again, days_ago=2), claim("z", "The queue for transformers takes 30 months", days_ago=2),
    ]  # fmt: skip
    likeness = [0.9] * (len(before) - 2) + [0.7, 0.66]
    rows = [
        np.sqrt(1 - c * c) * np.eye(len(before) + 1)[n + 1] + c * np.eye(len(before) + 1)[0]
        for n, c in enumerate(likeness)
    ]
    vectors, near = np.eye(1, len(before) + 1, dtype=np.float32), np.array(rows, dtype=np.float32)
    relations = relations_of([mine], vectors, before, near)
    (found,) = components_of([mine], vectors, before, near, relations, {}, {})
    assert found.other_shows == ("Show y",)
    assert "an update: 45 months, where Show z had 30 months" in why(found, 45)
    with warehouse.write() as con:
        save_relations(con, DAY, relations)
        kept = con.execute("select other_claim_id, relation, is_independent from raw.claim_relations").fetchall()
    assert len(kept) == MOST
    assert {("z", "updates", True), ("y", "same", True)} <= set(kept)


def test_what_was_said_before_is_not_called_new() -> None:
    for cosine, said in ((0.68, "close to what Show b had on 11 Sep 2026; Show b says the same"), (0.6, "related to")):
        today, before, vectors = [claim("a")], [claim("b", days_ago=3)], alike(2, cosine)
        relations = relations_of(today, vectors[:1], before, vectors[1:])
        (found,) = components_of(today, vectors[:1], before, vectors[1:], relations, {}, {})
        assert said in why(found, 45)


def test_the_first_day_has_no_past_to_speak_of() -> None:
    vectors = alike(2, 0.1)
    (found,) = components_of([claim("a")], vectors[:1], [], vectors[:0], {}, {}, {})
    assert "nothing like it" not in why(found, 45)
    (found,) = components_of([claim("a")], vectors[:1], [claim("b", days_ago=4)], vectors[1:], {}, {}, {})
    assert "nothing like it was said in the last 5 days" in why(found, 45)


def test_what_may_contradict_what_was_sent_is_refused_as_that(settings: Settings) -> None:
    """Rules of wording find contradictions: where they err, readers would get one thing twice."""
    old = claim("b", "Remote teams ship faster", days_ago=1)
    today, vectors = (
        [claim("a", "Remote teams do not ship faster"), claim("c", "Remote teams ship faster")],
        alike(3, 0.9),
    )
    for before, published in (([old], Published([old.digest_date], [old.headline], vectors[2:], ["b"])), ([], NOTHING)):
        relations = relations_of(today, vectors[:2], [*today, *before], vectors[: 2 + len(before)])
        found = components_of(today, vectors[:2], before, vectors[2:][: len(before)], relations, {}, {})
        strong = [replace(c, values={**c.values, "worthiness": 1, "clarity": 1}) for c in found]
        refusals = {i.claim_id: i.why_not for i in select_insights(today, vectors[:2], strong, published, settings)}
        if before:
            assert refusals["a"] == (
                "the digest of 2026-09-13 sent what it may contradict, in much the same words: “Remote teams ship faster”"
            )
            assert refusals["c"] == "the digest of 2026-09-13 already sent it: “Remote teams ship faster”"
        else:
            assert set(refusals.values()) == {None, "it may contradict, in much the same words, number 1"}
