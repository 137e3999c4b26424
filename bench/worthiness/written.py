"""Invented claims on many subjects, clear ones and unclear ones: ``written_claims.jsonl``.

The verdicts of ``headlines.jsonl`` are all on talk about software and money, and what was learnt from them alone took
the subject for a part of clarity. Four writers wrote 156 claims each, twelve on each of thirteen subjects that no other
writer had: five that a stranger understands, and seven on the same points that lean on what was said before, are
garbled, tell a story, say nothing, joke, or are about the talk itself. The first three are learnt from; the fourth
measures.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.worthiness.episodes import read_windows
from digest_pipeline.claims.cleaning import clean
from digest_pipeline.claims.models.clarity import Shown

CLAIMS = Path(__file__).with_name("written_claims.jsonl")
MEASURED = 4  # writer


@dataclass(frozen=True)
class WrittenClaim:
    """An invented claim as readers would be shown it, and whether it stands."""

    shown: Shown
    stands: bool
    is_measured: bool
    flaw: str | None


def written_claims() -> Iterator[WrittenClaim]:
    """Each claim twice: as it is written, and as bare speech recognition would give it."""
    for row in read_windows(CLAIMS):
        for said in (str, recognised):
            headline, explanation = said(row["headline"]), said(row["explanation"])
            shown_explanation = clean(explanation, follows=True) if explanation else ""
            shown = Shown(clean(headline), shown_explanation, f"{headline} {explanation}".strip())
            yield WrittenClaim(shown, bool(row["stands"]), row["writer"] == MEASURED, row["flaw"])


def recognised(text: str) -> str:
    """A text as bare speech recognition would give it."""
    return " ".join(re.sub(r"[^\w\s'/@%$]", " ", text.lower()).split())
