"""Days killed at random moments, and with writes that fail, against one undisturbed: what differs, what came twice?

    python -m bench.crash --deaths 100

The demo's first day, with audio, a language model that words claims and readers who get mail. Its homes die a few times
each, sooner in earlier stages, and are then left to finish.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.crash.trial import dooms_of, run_trial
from bench.crash.world import world

DEATHS_A_DAY = 6


def main() -> None:
    """Run and print; fails when a day came out differently."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deaths", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writes", type=float, default=0.25, help="share of them that are failing writes")
    parser.add_argument("--minutes", type=float, default=600, help="begin no day after so long")
    options = parser.parse_args()
    chance, ends, bad, days = random.Random(options.seed), Counter[tuple[str, str]](), 0, 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, world() as around:
        wanted = run_trial(Path(folder, "undisturbed"), around)
        stages = wanted.lives[0].stage_seconds
        order = list(stages)
        rows = sum(map(len, wanted.result.values()))
        print(f"undisturbed: {', '.join(f'{name} {seconds:.1f} s' for name, seconds in stages.items())}")
        print(f"compared: {rows} rows of {len(wanted.result)} tables and files, {len(wanted.questions)} questions,"
              f" {len(wanted.pieces)} pieces of audio, {sum(wanted.mails.values())} mails", flush=True)  # fmt: skip
        dooms = dooms_of(chance, stages, options.writes)
        while ends.total() < options.deaths and time.monotonic() - began < options.minutes * 60:
            days += 1
            most = min(DEATHS_A_DAY, options.deaths - ends.total())
            ahead = sorted((next(dooms) for _ in range(most)), key=lambda doom: order.index(doom.stage))
            trial = run_trial(Path(folder, f"day{days}"), around, ahead)
            here = [(life.end, life.stage) for life in trial.lives if life.end != "finished"]
            ends.update(here)
            faults = trial.faults(wanted)
            bad += bool(faults)
            unknown = Counter(trial.ledger.values())
            print(f"day {days}: {', '.join(map(' in '.join, here))}; ledger {dict(unknown)}", flush=True)
            for name, fault in faults.items():
                print(f"  DIFFERS: {name}: {fault}", flush=True)
    print("\n| stage | killed | failed writes |\n|---|---|---|")
    for stage in stages:
        print(f"| {stage} | {ends['killed', stage]} | {ends['failed', stage]} |")
    killed = sum(count for (end, _), count in ends.items() if end == "killed")
    print(f"\n{killed} kills and {ends.total() - killed} failed writes in {days} days; {bad} days differed")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
