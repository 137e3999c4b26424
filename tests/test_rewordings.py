"""Rewordings held against the talk: what changes a fact is refused, what keeps it passes. A table of spoken sentences."""

import pytest

from digest_pipeline.claims.checker import WordingChecker
from digest_pipeline.claims.faithfulness import Wording
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.names import unsaid_name
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.settings import Settings


@pytest.mark.parametrize("speaker", [None, "Ann Lee"])
def test_words_are_put_in_no_other_mouth_that_the_feed_or_the_title_names(
    speaker: str | None, settings: Settings
) -> None:
    said = "The deposits cleared forty percent of the queue."
    turn = turns_of([Segment(0, 0, 30, speaker, said)])[0]
    located = Located(turn, 0, len(said), 100.0)
    episode = Episode(
        "ep_1", "f", "Show", "Jane Doe on queues", None, None, "", None, "en", persons=(Person("Joe Fox"),)
    )
    checker = WordingChecker(settings)
    for name in ("Jane Doe", "Joe Fox"):
        found = checker.fault(
            Wording(f"{name} says the deposits cleared 40 percent of the queue.", ""), located, episode, []
        )
        assert (found or "").startswith("speaker: "), found
    assert checker.fault(Wording("The deposits cleared 40 percent of the queue.", ""), located, episode, []) is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How Deposits Cleared the Grid Queues", None),
        ("How Requiring Deposits Clears Queues", None),
        ("How Microsoft Cleared Queues", "Microsoft"),
        ("Clearing the queues", None),
    ],
)
def test_capitals_of_a_title_are_no_names(title: str, name: str | None) -> None:
    assert unsaid_name(title, "deposits cleared the grid's queues", "") == name
