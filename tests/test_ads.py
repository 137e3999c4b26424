"""Advertisements: the demo's reads, intros and outros are flagged, its substance is not."""

import re
from dataclasses import replace

import pytest

from digest_pipeline.models import Chapter, Segment, Transcript
from digest_pipeline.transcripts.ads.cues import CUES, plain
from digest_pipeline.transcripts.ads.flags import boilerplate_shingles, flag_ads
from digest_pipeline.transcripts.annotate import annotate
from digest_pipeline.transcripts.fingerprint import fingerprint, similarity
from tests.test_source import episode_of

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
    ask = "If you like the show, please leave us a review wherever you get your podcasts, or become a member."
    reasons = flagged(intro, *TALK * 8, ask, *TALK * 8, outro)
    assert (reasons[0], reasons[41], reasons[-1]) == ("intro", "self-promotion", "outro")
    assert set(reasons[1:41] + reasons[42:-1]) == {None}


def test_text_repeated_in_other_episodes_is_flagged() -> None:
    jingle = "Longshore Audio makes things that you can hear from the other side of the harbour wall."
    reasons = flagged(*TALK, jingle, boilerplate=boilerplate_shingles([f"Something else. {jingle} And more talk."]))
    assert reasons == [None] * len(TALK) + ["repeated in other episodes of the show"]


def test_talk_about_business_is_no_advertisement() -> None:
    talk = [
        "The senator sponsored a bill on transmission lines.",
        "Her company sells a code editor, and the first month's revenue paid for the second.",
        "A free trial shifts the risk of a bad product from the buyer to the seller.",
        "The platform takes thirty percent off the top, so every subscription costs the reader more.",
    ]
    assert flagged(*TALK * 4, *talk, *TALK * 4) == [None] * 44


def test_fingerprints_tell_the_same_talk_from_another() -> None:
    def many(seed: int) -> str:
        return " ".join(f"word{(i * 7 + seed * i * i) % 997}" for i in range(600))

    same = many(1).split()
    same[50] = same[300] = "misheard"
    a, b, c = (fingerprint(segments(text)) for text in (many(1), " ".join(same), many(3)))
    assert similarity(a, a) == 1.0
    assert similarity(a, b) > 0.9
    assert similarity(a, c) < 0.1


def test_a_read_is_flagged_as_a_whole_in_raw_recognition() -> None:
    read = (
        "this episode is brought to you by fernwick i moved my own backups there last spring and i have not thought "
        "about them since it takes two minutes to set up they keep three copies in three places and when my laptop fell "
        "into the harbour everything was back by the evening they have a plan for families too right now you get three "
        "months for free if you go to fernwick dot example slash warm that is fernwick dot example slash warm our thanks "
        "to fernwick for their support of the show"
    )
    talk = " ".join(TALK * 6).lower().replace(",", "").replace(".", "").split()
    words = [*talk, *read.split(), *talk]
    rows = [
        Segment(n, at * 0.4, at * 0.4 + 3, None, " ".join(words[at : at + 8]))
        for n, at in enumerate(range(0, len(words), 8))
    ]
    hits = [s.position for s in flag_ads(rows, set()) if s.is_ad]
    first, last = len(talk) // 8, (len(talk) + len(read.split())) // 8
    assert hits == list(range(hits[0], hits[-1] + 1))
    assert abs(hits[0] - first) <= 3
    assert abs(hits[-1] - last) <= 3


@pytest.mark.parametrize(
    "said",
    [
        "My friends at university were all reading Marx, and my father was voting for Thatcher.",
        "Our friends at the table next to us had lost their savings in the same bank.",
        "He does not guarantee anything, the minister, and the unions do not guarantee peace either.",
        "Ask your doctor whether statins help you, and most will say that they do not know.",
        "If you let people cancel anytime, churn goes up for a month and falls for a year.",
    ],
)
def test_no_phrase_that_talk_has_too_settles_it(said: str) -> None:
    assert flagged(*TALK * 20, said, *TALK * 20) == [None] * 201


def test_cues_are_written_in_lower_case_as_the_text_is_in_which_they_are_looked_for() -> None:
    assert not [
        name for name, cue in CUES.items() if re.search(r"(?<!\\)[A-Z]", cue.pattern) or cue.flags & re.IGNORECASE
    ]
    assert CUES["sponsor"].search(plain("BROUGHT TO YOU BY Fernwick"))


def test_chapters_of_sponsors_are_flagged_by_their_title() -> None:
    chapters = [
        Chapter(0, "Queues"),
        Chapter(18, "Sponsor: Fernwick"),
        Chapter(40, "Prices"),
        Chapter(45, "What adverbs add", None, 50),
    ]
    reasons = [s.ad_reason for s in flag_ads(segments(*TALK * 2), set(), chapters)]
    assert [i for i, reason in enumerate(reasons) if reason == "sponsor chapter: Sponsor: Fernwick"] == [2, 3]
    assert sum(reason is not None for reason in reasons) == 2


@pytest.mark.parametrize(
    "title",
    [
        "Sponsor: Fernwick", "Sponsors", "Our sponsor", "Today’s sponsor: Fernwick", "Sponsor #2", "Sponsored by Fernwick",
        "A word from our sponsors", "Ad", "Ads", "Ad break", "Mid-roll ad 1", "Ad: Fernwick", "Promo - The Warm Cache",
        "Commercial break", "Fernwick (sponsor)", "Fernwick [Ad]", "This show is brought to you by Fernwick",
        "Intro & Sponsor Segment", "A quick word from our sponsors", "Sponsor (Fernwick)", "[AD] Fernwick",
        "Thank you to our sponsors!", "Ad break: Fernwick",
    ],
)  # fmt: skip
def test_a_title_that_is_a_label_of_sponsors_is_one(title: str) -> None:
    reasons = [s.ad_reason for s in flag_ads(segments(*TALK), set(), [Chapter(0, title)])]
    assert reasons == [f"sponsor chapter: {title}"] * len(TALK)


@pytest.mark.parametrize(
    "title",
    [
        "Why Google search ads are dying", "Facebook Ads that work", "The sponsors of terrorism", "Getting sponsors",
        "Ads: how search makes money", "Ads - the business model", "Commercials by film directors", "Ads (and why they work)", "Advertisements: a history",
        "Ad-supported models", "Sponsorship", "Advertising", "Who brought you to the farm", "Breaking the big news",
    ],
)  # fmt: skip
def test_a_chapter_about_advertising_is_talk(title: str) -> None:
    assert {s.ad_reason for s in flag_ads(segments(*TALK), set(), [Chapter(0, title, None, 900)])} == {None}


def test_chapters_flag_nothing_where_the_times_are_estimated() -> None:
    """Words that are spread evenly over an episode do not meet the publisher's seconds."""
    episode = replace(
        episode_of("https://x.example/feed", None), chapters=(Chapter(0, "Sponsor: Fernwick", None, 900),)
    )
    spoken = Transcript(episode.episode_id, "publisher", "text", "en", tuple(segments(*TALK)))
    assert all(s.is_ad for s in annotate(spoken, episode, ()).segments)
    assert not any(s.is_ad for s in annotate(replace(spoken, has_own_times=False), episode, ()).segments)


def test_a_rerun_is_not_all_boilerplate() -> None:
    assert flagged(*TALK, boilerplate=boilerplate_shingles([" ".join(TALK)])) == [None] * len(TALK)
