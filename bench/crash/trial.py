"""A day that dies again and again, and is then left to finish: what it left behind, and what it paid and sent."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.crash.life import Doom, Life, live
from bench.crash.result import Rows, differences, ledger_of, result_of, unseen_calls
from bench.crash.world import World, with_readers

SMALLEST_LIMIT, LARGEST_LIMIT = 1 << 16, 1 << 24  # bytes; the day's database is as long as the latter


@dataclass(frozen=True, slots=True)
class Trial:
    """A day's lives, and what they left, paid and sent together.

    ``asked_again`` and ``heard_again`` leave out what was in flight when a life ended.
    """

    lives: Sequence[Life]
    result: dict[str, Rows]
    ledger: dict[str, str]
    mails: Counter[str]
    questions: frozenset[str]
    pieces: frozenset[str]
    asked_again: int
    heard_again: int
    unseen_calls: int

    def faults(self, wanted: "Trial") -> dict[str, str]:
        """In what it differs from the undisturbed day, and what happened twice or not at all."""
        found = differences(wanted.result, self.result)
        if self.lives[-1].end != "finished":
            found["end"] = f"the last life, undisturbed, {self.lives[-1].end} in {self.lives[-1].stage}"
        if twice := [address for address, count in self.mails.items() if count > 1]:
            found["mails"] = f"twice to {twice}"
        if forgotten := wanted.ledger.keys() - self.ledger.keys():
            found["ledger"] = f"nothing is known of {sorted(forgotten)}"
        if lying := [a for a, status in self.ledger.items() if status == "sent" and not self.mails[a]]:
            found["ledger"] = f"sent, it says, to {lying}"
        if self.pieces != wanted.pieces:
            found["audio"] = f"{len(wanted.pieces)} and {len(self.pieces)} pieces"
        if self.questions != wanted.questions:
            found["questions"] = f"{len(wanted.questions)} and {len(self.questions)} questions"
        if self.asked_again or self.heard_again:
            found["paid twice"] = f"{self.asked_again} questions, {self.heard_again} pieces of audio"
        if self.unseen_calls > len(self.lives) - 1:  # a life asks one question at a time
            found["calls"] = f"{self.unseen_calls} of unknown cost after {len(self.lives) - 1} deaths"
        return found


def run_trial(home: Path, around: World, dooms: Sequence[Doom] = ()) -> Trial:
    """A day in a new home with one life after the other, the last one undisturbed."""
    with_readers(home)
    first_mail, first_question = len(around.box.messages), len(around.model.asked)
    lives: list[Life] = []
    asked: list[list[str]] = []
    for doom in (*dooms, None):
        before = len(around.model.asked)
        lives.append(live(home, around.environment, around.day, doom))
        asked.append(around.questions(before))
    return Trial(
        lives=lives,
        result=result_of(home),
        ledger=ledger_of(home),
        mails=around.mails(first_mail),
        questions=frozenset(around.questions(first_question)),
        pieces=frozenset(piece for life in lives for piece in life.pieces),
        asked_again=_again(asked),
        heard_again=_again([list(life.begun) for life in lives]),
        unseen_calls=unseen_calls(home),
    )


def _again(lives: Sequence[Sequence[str]]) -> int:
    """How much was done again that was not the last thing that a life did: that may have been in flight."""
    done: set[str] = set()
    again = 0
    for life in lives:
        again += sum(one in done for one in life)
        done |= set(life[:-1])
    return again


def dooms_of(chance: random.Random, stage_seconds: Mapping[str, float], share_of_writes: float) -> Iterator[Doom]:
    """Ends without end: stages in turn, shuffled each time; moments anywhere in them; sizes of all magnitudes."""
    while True:
        for stage in chance.sample(sorted(stage_seconds), len(stage_seconds)):
            if chance.random() < share_of_writes:
                yield Doom(stage, limit=int(SMALLEST_LIMIT * (LARGEST_LIMIT / SMALLEST_LIMIT) ** chance.random()))
            else:
                yield Doom(stage, chance.uniform(0, stage_seconds[stage]))
