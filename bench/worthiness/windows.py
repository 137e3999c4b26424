"""Fetch the transcripts that the committed labels speak of: labels carry window numbers and scores, never text.

A label file ``SHOW--EPISODE.labels.jsonl`` numbers the segments of the Podcasting 2.0 JSON transcript that a podcast
network serves at ``/SHOW/EPISODE.json``. This writes them as ``SHOW--EPISODE.jsonl``, a window a line.

    python -m bench.worthiness.windows --network http://127.0.0.1:8765 --out /tmp/windows
"""

import argparse
import json
import shutil
from pathlib import Path

import httpx

LABELS = Path(__file__).with_name("labels")


def main() -> None:
    """Fetch every labelled episode that the network has; say which it does not have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", required=True, help="base address of a podcast network")
    parser.add_argument("--out", type=Path, required=True, help="folder for windows and labels side by side")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for labels in sorted(LABELS.glob("*.labels.jsonl")):
        name = labels.name.removesuffix(".labels.jsonl")
        show, episode = name.split("--", 1)
        answer = httpx.get(f"{args.network}/{show}/{episode}.json", timeout=60, trust_env=False)
        if answer.status_code == httpx.codes.NOT_FOUND:
            print(f"{name}: not on this network")
            continue
        rows = answer.raise_for_status().json()["segments"]
        windows = [{"id": i, "speaker": row.get("speaker"), "text": row["body"]} for i, row in enumerate(rows)]
        (args.out / f"{name}.jsonl").write_text("\n".join(map(json.dumps, windows)) + "\n", encoding="utf-8")
        for file in LABELS.glob(f"{name}.*.jsonl"):  # labels and, of the episodes that are measured, the gold insights
            shutil.copyfile(file, args.out / file.name)
        print(f"{name}: {len(windows)} windows")


if __name__ == "__main__":
    main()
