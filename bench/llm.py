"""Tokens per hour of podcast in both uses of a language model, against one prompt over each whole transcript.

    python -m bench.llm --transcripts FOLDER [--from 2024-08-05] [--days 5] [--modes llm rewrite]

FOLDER holds a ``manifest.jsonl`` of episodes, and ``../../eval/podcast_network.py`` from there reads them. A stand-in
server on loopback takes the place of the model; it counts tokens with the tokenizer of OpenAI's models and answers with
claims in the talk's own words, one for each 300 words that it is given, so that replies have a likely length. What is
sent and returned is measured, no model's judgement. Each mode runs the real code: prompts, windows, checks, books.
"""

import argparse
import importlib.util
import json
import os
import re
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from digest_pipeline.claims import store
from digest_pipeline.claims.choose import get_extractor
from digest_pipeline.claims.llm.prompts import find_prompt
from digest_pipeline.claims.llm.replies import read_claims
from digest_pipeline.claims.llm.rewording import reword_best
from digest_pipeline.claims.llm.rewrite import Rewriter
from digest_pipeline.claims.llm.windows import Piece
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.llm.books import Books
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.spending import spending_of_day
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.transcripts.ads.flags import flag_ads
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web
from tests.llm_server import Reply, StandIn, talk_in

WORDS_A_CLAIM = 300
MODES = ("single prompt", "llm", "rewrite")
Day = list[tuple[Episode, Sequence[Segment]]]


class CountingStandIn(StandIn):
    """Counts as OpenAI's tokenizer does."""

    def body_for(self, request: dict[str, Any], reply: Reply) -> dict[str, Any]:
        """A response with the tokens of its request and its own."""
        import litellm

        body = super().body_for(request, reply)
        asked = litellm.token_counter(model="gpt-4o", messages=request["messages"])
        said = litellm.token_counter(model="gpt-4o", text=reply.content)
        body["usage"] = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
        return body


def answer(request: dict[str, Any]) -> Reply:
    """Claims, or the wording of one, in the words of the talk."""
    talk = talk_in(request)
    if marked := re.search(r"»(.*)«", talk):
        wording: dict[str, Any] = {"headline": marked[1][:280], "explanation": "", "kind": "claim", "entities": []}
        return Reply(json.dumps(wording))
    sentences = [(who, s) for who, s in _sentences(talk) if 12 <= len(s.split()) <= 40]
    wanted = max(1, len(talk.split()) // WORDS_A_CLAIM)
    claims = [
        {"headline": s[:280], "explanation": s, "quote": s, "speaker": who, "kind": "claim", "entities": [],
         "worthiness": 0.8}
        for who, s in sentences[:: max(1, len(sentences) // wanted)][:wanted]
    ]  # fmt: skip
    return Reply(json.dumps({"claims": claims}))


def _sentences(talk: str) -> list[tuple[str, str]]:
    turns = [line.split(": ", 1) for line in talk.splitlines() if ": " in line]
    return [(who, sentence) for who, text in turns for sentence in re.split(r"(?<=[.!?])\s", text)]


def episodes_of(folder: Path, day: date, shows: int) -> Day:
    """The episodes of a day, advertisements flagged."""
    spec = importlib.util.spec_from_file_location(
        "podcast_network", folder.parent.parent / "eval" / "podcast_network.py"
    )
    assert spec is not None
    assert spec.loader is not None
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    found: Day = []
    for row in [row for row in rows if row["date"] == day.isoformat()][:shows]:
        pieces = network.segments_of(folder.parent / row["path"], row["format"])
        segments = tuple(
            Segment(i, p["startTime"], p["endTime"], p["speaker"], p["body"]) for i, p in enumerate(pieces)
        )
        name = f"{row['show']} {row['title']}"
        episode = Episode(f"ep {row['path']}", row["show"], row["show"], name, None, None, "", None, "en")
        found.append((episode, flag_ads(segments, set())))
    return found


def measure(mode: str, days: dict[date, Day], settings: Settings, home: Path) -> tuple[int, int, int, float]:
    """(calls, tokens in, tokens out, seconds) of one mode over all days."""
    warehouse = Warehouse(home / f"{mode}.duckdb")
    began = time.monotonic()
    for day, episodes in days.items():
        if mode == "single prompt":
            client = LlmClient(settings, Books(warehouse, day))
            for episode, segments in episodes:
                turns = turns_of(segments, episode.language)
                whole = [
                    Piece(t, t.sentences[0].start, t.sentences[-1].end) for t in turns if t.sentences and not t.is_ad
                ]
                client.ask(find_prompt(episode, whole), read_claims, episode.episode_id)
        else:
            run_day(warehouse, day, episodes, settings.model_copy(update={"extractor": mode}))
    with warehouse.read() as con:
        spent = [spending_of_day(con, day) for day in days]
    seconds = time.monotonic() - began
    return sum(s.calls for s in spent), sum(s.tokens_in for s in spent), sum(s.tokens_out for s in spent), seconds


def run_day(warehouse: Warehouse, day: date, episodes: Day, settings: Settings) -> None:
    """What the asset ``claim_candidates`` does."""
    extractor = get_extractor(settings, warehouse, day)
    for episode, segments in episodes:
        extraction = extractor.extract(episode, segments)
        with warehouse.write() as con:
            con.execute(
                "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, transcript_urls,"
                " description, status) values (?, ?, ?, now(), ?, '[]', '', 'transcribed')",
                [episode.episode_id, episode.feed_url, episode.title, day],
            )
            con.executemany(
                "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, speaker, text,"
                " is_ad, ad_reason) values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        episode.episode_id,
                        s.position,
                        s.start_seconds,
                        s.end_seconds,
                        s.speaker,
                        s.text,
                        s.is_ad,
                        s.ad_reason,
                    )
                    for s in segments
                ],
            )
            store.save_extraction(con, episode, day, extraction, extractor_key=extractor.key, compute_seconds=0)
    if isinstance(extractor, Rewriter):
        reword_best(warehouse, extractor, [episode for episode, _ in episodes], day, settings)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=Path, required=True)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2024, 8, 5))
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument(
        "--modes", nargs="+", choices=MODES, default=MODES, help="the first is what others are compared with"
    )
    parser.add_argument("--shows", type=int, default=100, help="episodes of a day at most")
    options = parser.parse_args()
    all_days = [options.first + timedelta(days=n) for n in range(options.days)]
    days = {day: found for day in all_days if (found := episodes_of(options.transcripts.resolve(), day, options.shows))}
    hours = sum(segments[-1].end_seconds for day in days.values() for _, segments in day) / 3600
    episodes = sum(map(len, days.values()))
    print(f"{len(days)} days with {episodes} episodes, {hours:.2f} hours")
    server = Web()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"DIGEST_HOME": home, "OPENAI_API_KEY": "none-needed"}
        CountingStandIn(server, answer)
        settings = load_settings(
            llm_model="openai/stand-in", llm_api_base=f"{server.url}/v1", llm_is_free=True, llm_max_output_tokens=16000
        )
        print(
            f"{'':14} {'calls':>6} {'tokens in':>10} {'tokens out':>10} {'tokens/hour':>12} {'ratio':>6} {'seconds':>8}"
        )
        base = 0.0
        for mode in options.modes:
            calls, tokens_in, tokens_out, seconds = measure(mode, days, settings, Path(home))
            rate = (tokens_in + tokens_out) / hours
            base = base or rate
            print(
                f"{mode:14} {calls:6} {tokens_in:10,} {tokens_out:10,} {rate:12,.0f} {rate / base:6.2f} {seconds:8.1f}"
            )
    server.close()


if __name__ == "__main__":
    main()
