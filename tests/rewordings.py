"""A wording held against one spoken sentence, for the tables of rewordings."""

from digest_pipeline.claims.checks.faithfulness import Wording, unfaithful
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Segment

PEOPLE = ["Ann Lee", "Bob Ray"]


def fault_of(said: str, wording: str) -> str | None:
    turn = turns_of([Segment(0, 0, 30, "Ann Lee", said)])[0]
    return unfaithful(Wording(wording, ""), Located(turn, 0, len(said), 100.0), known=" ".join(PEOPLE), speakers=PEOPLE)
