"""Advertisements: the demo's reads, intros and outros are flagged, its substance is not."""

import pytest

from digest_pipeline.models import Segment
from digest_pipeline.transcripts.ads import boilerplate_shingles, flag_ads
from digest_pipeline.transcripts.fingerprint import fingerprint, similarity

TALK = [
    "The queue for the grid holds twice as much capacity as the grid has today.",
    "Most of what stands in it will never be built, because one developer asks in five places.",
    "So a deposit of fifty thousand dollars per megawatt cleared forty percent of it in a month.",
    "The same happens with scarce parts, where buyers order double to get half.",
    "When the seller shared by last year's purchases, the order book shrank by half.",
]


def segments(*texts: str) -> list[Segment]:
    return [Segment(i, i * 10.0, i * 10.0 + 9, "Ann", text) for i, text in enumerate(texts)]


def flagged(*texts: str, boilerplate: set[int] | None = None) -> list[str | None]:
    return [s.ad_reason for s in flag_ads(segments(*texts), boilerplate or set())]


@pytest.mark.parametrize(
    "read",
    [
        ["This episode is brought to you by Fernwick.", "Fernwick keeps your backups warm.", "Go to fernwick.example slash warm."],
        ["Support for this show comes from Quillet.", "I use Quillet every day.", "Use the code WARM for 20 percent off."],
        ["A quick word from our sponsor.", "Tidewright runs payroll in one click.", "Start your free trial today, no credit card."],
        ["Okay, today's sponsor is Morrow Coffee.", "The beans arrive on Tuesday.", "Morrow Coffee, first bag free."],
    ],
)  # fmt: skip
def test_a_sponsor_read_is_flagged_from_opening_to_last_sign(read: list[str]) -> None:
    reasons = flagged(*TALK, *read, *TALK)
    assert reasons[len(TALK) : len(TALK) + 3] == ["sponsor read"] * 3
    assert reasons[: len(TALK)] + reasons[len(TALK) + 3 :] == [None] * (2 * len(TALK))


def test_intro_outro_and_self_promotion() -> None:
    intro = "Welcome back to The Warm Cache, the show where we count what machines cost."
    outro = "Thanks for listening, and see you next week."
    reasons = flagged(intro, *TALK * 8, "If you like the show, please rate and review it.", outro)
    assert (reasons[0], reasons[-2], reasons[-1]) == ("intro", "self-promotion", "outro")
    assert set(reasons[1:-2]) == {None}


def test_text_repeated_in_other_episodes_is_flagged() -> None:
    jingle = "Longshore Audio makes things that you can hear from the other side of the harbour wall."
    reasons = flagged(*TALK, jingle, boilerplate=boilerplate_shingles([f"Something else. {jingle} And more talk."]))
    assert reasons == [None] * len(TALK) + ["repeated in other episodes of the show"]


def test_talk_about_business_is_no_advertisement() -> None:
    assert flagged(
        "The senator sponsored a bill on transmission lines.",
        "Her company sells a code editor, and the first month's revenue paid for the second.",
        "A free trial shifts the risk of a bad product from the buyer to the seller.",
    ) == [None, None, None]


def test_fingerprints_tell_the_same_talk_from_another() -> None:
    def many(seed: int) -> str:
        return " ".join(f"word{(i * 7 + seed * i * i) % 997}" for i in range(600))

    same = many(1).split()
    same[50] = same[300] = "misheard"
    a, b, c = (fingerprint(segments(text)) for text in (many(1), " ".join(same), many(3)))
    assert similarity(a, a) == 1.0
    assert similarity(a, b) > 0.9
    assert similarity(a, c) < 0.1
