"""One scan in a process of its own, whose time and memory a test can bound.

Reads ``{"urls": [...], "settings": {...}}`` from standard input and prints what came of each feed as JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence

from digest_pipeline.feeds.scan import FeedScan, scan_feeds
from digest_pipeline.feeds.subscriptions import FeedRequest
from digest_pipeline.settings import Settings


def main() -> None:
    asked = json.load(sys.stdin)
    found: dict[str, dict[str, object]] = {}

    def save(batch: Sequence[FeedScan]) -> None:
        for scan in batch:
            titles = [item.title for item in scan.parsed.items] if scan.parsed else []
            found[scan.feed_url] = {"error": scan.error, "titles": titles[:5], "is_read": scan.parsed is not None,
                                    "seconds": time.monotonic() - began}  # fmt: skip

    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    scan_feeds([FeedRequest(url) for url in asked["urls"]], Settings(**asked["settings"]), save)
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    json.dump({"feeds": found, "seconds": time.monotonic() - began, "mebibytes": growth}, sys.stdout)


if __name__ == "__main__":
    main()
