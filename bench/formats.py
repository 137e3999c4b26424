"""Whether one transcript gives the same words, speakers and order in every format that a network offers.

    python -m bench.formats --network http://127.0.0.1:8765

Reads every episode of the network in each of its formats, and prints for each format against the first: mean and worst
word error rate, the worst share of words with another speaker, and the time that reading took.
"""

import argparse
import time
from collections import defaultdict
from xml.etree import ElementTree as ET

import httpx
from rapidfuzz.distance import Levenshtein

from digest_pipeline.transcripts.publisher.choice import parse_transcript

TRANSCRIPT = "{https://podcastindex.org/namespace/1.0}transcript"


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", required=True, help="base address of a podcast network")
    args = parser.parse_args()
    errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    with httpx.Client(timeout=60, trust_env=False) as client:
        for outline in ET.fromstring(client.get(f"{args.network}/opml").raise_for_status().content).iter("outline"):
            feed = ET.fromstring(client.get(outline.get("xmlUrl", "")).raise_for_status().content)
            for item in feed.iter("item"):
                read = {}
                for url in [link.get("url", "") for link in item.iter(TRANSCRIPT)]:
                    body, kind = client.get(url).raise_for_status().content, url.rsplit(".", 1)[-1]
                    began = time.perf_counter()
                    read[kind] = parse_transcript(body, kind).segments
                    spent[kind] += time.perf_counter() - began
                words = {kind: [w for s in segments for w in s.text.split()] for kind, segments in read.items()}
                voices = {
                    kind: [s.speaker for s in segments for _ in s.text.split()] for kind, segments in read.items()
                }
                first = next(iter(read))
                for kind in read:
                    count = len(words[first])
                    word_error = Levenshtein.distance(words[kind], words[first]) / count
                    errors[kind].append((word_error, Levenshtein.distance(voices[kind], voices[first]) / count))
    for kind, pairs in errors.items():
        by_word, by_voice = zip(*pairs, strict=True)
        print(
            f"{kind:5s} {len(pairs):4d} episodes in {spent[kind]:.1f} s"
            f"  word error mean {sum(by_word) / len(pairs):.5f} worst {max(by_word):.5f}"
            f"  other speaker mean {sum(by_voice) / len(pairs):.5f} worst {max(by_voice):.5f}"
        )


if __name__ == "__main__":
    main()
