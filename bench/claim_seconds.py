"""Seconds that the default extractor takes for an hour of talk, the encoder included, beside the encoder alone.

    python -m bench.claim_seconds --network http://127.0.0.1:8765 [--episodes 3] [--bare]

Reads the newest episodes of a podcast network's shows, one a show. CPU seconds divided by two are what two idle cores
would need at best; wall seconds depend on what else runs.
"""

import argparse
import time
from dataclasses import replace
from itertools import islice
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

import httpx

from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.models.reranker import get_reranker
from digest_pipeline.claims.models.talk_rater import get_talk_rater
from digest_pipeline.claims.sentences import plain_word
from digest_pipeline.encoder import get_embedder
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import load_settings
from digest_pipeline.transcripts.publisher.choice import parse_transcript

CORES = 2


def main() -> None:
    """Measure and print, an episode a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", required=True, help="base address of a podcast network")
    parser.add_argument(
        "--bare", action="store_true", help="hide speakers, case and punctuation, as raw recognition does"
    )
    parser.add_argument("--episodes", type=int, default=3, help="how many shows to take an episode of")
    args = parser.parse_args()
    settings = load_settings()
    embedder, extractor = get_embedder(settings), ExtractiveExtractor(settings)
    embedder.embed(["warm"])
    get_talk_rater(settings).rate(["warm"])
    get_reranker(settings).rate([("", "warm", "")])
    if punctuator := get_punctuator(settings, "en"):
        punctuator.rate(["warm"])
    with httpx.Client(timeout=60, trust_env=False) as client:
        opml = ET.fromstring(client.get(f"{args.network}/opml").raise_for_status().content)
        feeds = [outline.attrib["xmlUrl"] for outline in opml.iter("outline") if "xmlUrl" in outline.attrib]
        for feed in islice(feeds, args.episodes):
            channel = ET.fromstring(client.get(feed).raise_for_status().content)
            links = channel.iter("{https://podcastindex.org/namespace/1.0}transcript")
            url = next(urljoin(feed, link.attrib["url"]) for link in links if link.attrib["url"].endswith(".json"))
            segments = parse_transcript(client.get(url).raise_for_status().content, "json").segments
            if args.bare:
                segments = tuple(bare for segment in segments if (bare := unpunctuated(segment)).text)
            episode = Episode("ep", feed, "Show", "Title", None, None, "", None, "en")
            hours = segments[-1].end_seconds / 3600
            cpu, wall = time.process_time(), time.monotonic()
            extractor.extract(episode, segments)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            sentences = [s.text for turn in extractor.turns(episode, segments) for s in turn.sentences]
            alone = time.process_time()
            embedder.embed(sentences)
            alone = time.process_time() - alone
            print(
                f"{url.rsplit('/', 1)[1]}: {hours:.2f} h; for an hour {wall / hours:.1f} s wall,"
                f" {cpu / CORES / hours:.1f} s on {CORES} idle cores; {cpu / alone:.2f} times the encoder alone",
                flush=True,
            )


def unpunctuated(segment: Segment) -> Segment:
    """A segment as raw recognition would have it, of no known speaker."""
    return replace(
        segment, text=" ".join(filter(None, map(plain_word, segment.text.split()))), speaker=None, word_times=()
    )


if __name__ == "__main__":
    main()
