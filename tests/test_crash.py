"""A day that dies in five places, and once because nothing can be written, ends as if it had not."""

import random
from pathlib import Path

from bench.crash.life import START, Doom
from bench.crash.trial import run_trial
from bench.crash.world import world

# In the order of a run, so that a life ends before the stages that take long. Nothing here waits for a moment that may
# not come: a life dies at the latest when its stage ends.
KILLED_IN = (START, "transcripts", "claim_candidates", "marts", "deliveries")
SHOWS = ("wide-error-bars", "five-past-eight")  # a publisher's transcript, and audio in four pieces


def test_a_day_killed_in_every_stage_ends_as_one_left_alone(tmp_path: Path) -> None:
    chance = random.Random(8)
    with world(shows=SHOWS) as around:
        wanted = run_trial(tmp_path / "undisturbed", around)
        assert [life.end for life in wanted.lives] == ["finished"]
        assert len(wanted.pieces) == 4
        assert wanted.questions
        assert set(wanted.ledger.values()) == {"sent"}
        seconds = wanted.lives[0].stage_seconds
        dooms = [Doom(stage, chance.uniform(0, seconds[stage])) for stage in KILLED_IN]
        dooms.insert(2, Doom("transcripts", limit=1 << 16))
        trial = run_trial(tmp_path / "disturbed", around, dooms)
        assert [(life.end, life.stage) for life in trial.lives[:2]] == [("killed", s) for s in KILLED_IN[:2]]
        assert trial.lives[2].end == "failed"
        assert [(life.end, life.stage) for life in trial.lives[3:6]] == [("killed", s) for s in KILLED_IN[2:]]
        assert trial.faults(wanted) == {}
