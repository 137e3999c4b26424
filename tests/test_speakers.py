"""Voices that are only numbered get a name when they introduce themselves and the publisher knows them; turns stay whole."""

from dataclasses import replace

import pytest

from digest_pipeline.claims.spans import spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.transcripts.speakers import is_named, name_speakers

EPISODE = Episode(
    "e1", "https://x/feed", "The Warm Cache", "Queues, with Carla Venn", None, None, "Ann Lee talks to Carla Venn.", None, "en",
    persons=(Person("Ann Lee"), Person("Bob van Dyk", "guest")),
)  # fmt: skip


def talk(*rows: tuple[str | None, str]) -> list[Segment]:
    return [Segment(i, i * 10.0, i * 10.0 + 9, speaker, text) for i, (speaker, text) in enumerate(rows)]


def names(*rows: tuple[str | None, str]) -> list[str | None]:
    return [s.speaker for s in name_speakers(talk(*rows), EPISODE)]


def test_a_numbered_voice_gets_the_name_it_introduces_itself_with() -> None:
    rows = [
        ("Speaker 0", "Welcome. I'm your host, Ann Lee."),
        ("SPEAKER_01", "My name is Carla Venn."),
        ("Speaker 0", "Hello."),
    ]
    assert names(*rows) == ["Ann Lee", "Carla Venn", "Ann Lee"]


@pytest.mark.parametrize(
    "rows",
    [
        [("Speaker 0", "I'm Dora Quill.")],  # whom the publisher does not know
        [("Speaker 0", "I'm happy that Ann Lee is here.")],
        [("Speaker 0", "I'm Ann Lee."), ("Speaker 1", "No, I'm Ann Lee.")],  # two voices, one name
        [("Speaker 0", "I'm Ann Lee. I'm Carla Venn.")],  # one voice, two names
        [(None, "I'm Ann Lee.")],
        [("Dora", "I'm Ann Lee.")],  # the publisher's own name stays
    ],
)
def test_without_evidence_nobody_is_named(rows: list[tuple[str | None, str]]) -> None:
    assert names(*rows) == [speaker for speaker, _ in rows]


PROSE = Episode(
    "e1", "https://x/feed", "Show", "Iron Man (2008)", None, None,
    "Stories from New York City, South African politics, and our guests Elon Musk, Carla Venn and Bob van Dyk.", None, "en",
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Welcome to another hour of queues. I'm Carla Venn, and with me is a friend.", "Carla Venn"),
        ("Hi, I'm Carla Venn.", "Carla Venn"),
        ("It is Monday. I'm your host, Carla Venn.", "Carla Venn"),
        ("I'm Carla Venn, your host.", "Carla Venn"),
        ("Yes, my name is Bob van Dyk and I build bridges.", "Bob van Dyk"),
        ("I'm South African, so I know what a power cut is.", None),
        ("I'm New York born and bred.", None),
        ("Hello. I'm New York born and bred.", None),
        ("At the end Tony Stark says: I am Iron Man.", None),
        ("He calls me and says, hi, I'm Elon Musk, and I hung up.", None),
        ("If I'm Elon Musk, my name is Elon Musk on every door.", None),
    ],
)
def test_a_name_that_only_stands_in_the_notes_needs_an_introduction_that_sounds_so(said: str, name: str | None) -> None:
    (found,) = name_speakers(talk(("Speaker 1", said)), PROSE)
    assert found.speaker == (name or "Speaker 1")


def test_an_introduction_may_be_cut_into_segments_but_not_taken_from_another_voice() -> None:
    assert names(("Speaker 0", "Hello. I'm your host,"), ("Speaker 0", "Ann Lee.")) == ["Ann Lee", "Ann Lee"]
    assert names(("Speaker 0", "And then she says,"), ("Speaker 0", "I'm Ann Lee.")) == ["Speaker 0", "Speaker 0"]
    assert names(("Speaker 0", "And then she says"), ("Speaker 1", "I'm Ann Lee.")) == ["Speaker 0", "Ann Lee"]


def test_no_claim_starts_where_a_sentence_was_broken_off() -> None:
    rows = talk(
        ("Ann", "The queue holds twice the capacity of the grid today. Most of it will never be built because one developer"),
        ("Bob", "Mm-hmm."),
        ("Ann", "asks in five places and keeps the one that is cheapest. A deposit of fifty thousand dollars per megawatt cleared forty percent of the queue in a month."),
    )  # fmt: skip
    turns = turns_of(rows)
    assert [s.text for s in turns[2].sentences] == [
        "A deposit of fifty thousand dollars per megawatt cleared forty percent of the queue in a month."
    ]
    assert not any(span.quote.startswith("asks") for span in spans_of(turns))
    assert turns[2].text.startswith("asks")


def test_what_follows_an_advertisement_starts_with_a_whole_sentence() -> None:
    rows = talk(
        (None, "go to fernwick dot example slash warm for three months"),
        (None, "free and so back to the queue the deposit of fifty thousand dollars per megawatt cleared forty percent of it. Prices fell by half the year after, and nobody had expected that."),
    )  # fmt: skip
    turns = turns_of([replace(rows[0], is_ad=True, ad_reason="sponsor read"), rows[1]])
    assert [s.text for s in turns[1].sentences] == ["Prices fell by half the year after, and nobody had expected that."]


@pytest.mark.parametrize(
    ("speaker", "is_name"),
    [
        *((role, False) for role in ("Interviewer", "Moderator", "Caller 2", "NARRATOR", "Co-host", "Audience member")),
        *((role, False) for role in ("Sprecher 1", "Sprecherin", "Locutor 2", "Unidentified Speaker", "Speaker #3")),
        *((name, True) for name in ("Ann Lee", "Caller Ann", "Moder", "Max Narrator", "Max Sprecher", "Guest Ann")),
    ],
)
def test_a_role_is_no_name(speaker: str, is_name: bool) -> None:
    assert is_named(speaker) is is_name
