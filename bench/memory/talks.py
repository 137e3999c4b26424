"""Claims of real days, extracted once into a database: what the replay of themes starts from.

    python -m bench.memory.talks --transcripts FOLDER --from 2024-08-01 --days 105 --database FILE

FOLDER holds a ``manifest.jsonl`` of episodes, and ``../../eval/podcast_network.py`` from there reads them. A run that
was stopped goes on with the days that are missing.
"""

import argparse
import importlib.util
import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import ModuleType

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.store import save_extraction
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.ads.flags import flag_ads
from digest_pipeline.warehouse import Warehouse


def network_beside(folder: Path) -> ModuleType:
    """The reader of the transcripts' formats that stands beside them."""
    place = folder.parent.parent / "eval" / "podcast_network.py"
    spec = importlib.util.spec_from_file_location("podcast_network", place)
    assert spec is not None
    assert spec.loader is not None
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    return network


def keep_claims(warehouse: Warehouse, folder: Path, days: list[date], settings: Settings) -> None:
    """Extract the claims of every episode that appeared on ``days``."""
    network, extractor = network_beside(folder), ExtractiveExtractor(settings)
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    with warehouse.read() as con:
        done = {row[0] for row in con.execute("select episode_id from raw.extractions").fetchall()}
    for day in days:
        for row in [row for row in rows if row["date"] == day.isoformat()]:
            name = f"ep {row['path']}"
            if name in done:
                continue
            pieces = network.segments_of(folder.parent / row["path"], row["format"])
            segments = [Segment(i, p["startTime"], p["endTime"], p["speaker"], p["body"]) for i, p in enumerate(pieces)]
            episode = Episode(name, row["show"], row["show"], row["title"], None, None, "", None, "en")
            extraction = extractor.extract(episode, flag_ads(segments, set()))
            seen = datetime.combine(day, time(9), UTC).replace(tzinfo=None)
            with warehouse.write() as con:
                con.execute(
                    "insert or ignore into raw.feeds (feed_url, title, shown_url, added_at) values (?, ?, ?, ?)",
                    [row["show"], row["show"], row["show"], seen],
                )
                con.execute(
                    "insert into raw.episodes (episode_id, feed_url, title, published_at, first_seen_at, digest_date,"
                    " transcript_urls, description, status) values (?, ?, ?, ?, ?, ?, '[]', '', 'transcribed')",
                    [name, row["show"], row["title"], seen, seen, day],
                )
                save_extraction(con, episode, day, extraction, extractor_key="bench", compute_seconds=0)
            print(day, row["show"], len(extraction.candidates), "claims", flush=True)


def main() -> None:
    """Read the arguments and extract."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    options = parser.parse_args()
    days = [options.first + timedelta(days=n) for n in range(options.days)]
    keep_claims(Warehouse(options.database), options.transcripts, days, load_settings())


if __name__ == "__main__":
    main()
