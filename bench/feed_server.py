"""A small internet of podcasts on loopback: many feeds on many addresses, each answer late, some of them wrong.

    python -m bench.feed_server FEEDS

Prints the port it took, then serves ``/feed/0`` to ``/feed/FEEDS - 1`` on 127.0.1.1 to 127.0.1.50 until its standard
input is closed. It knows entity tags, compresses what it sends, and lets every hundredth feed fail. Text is invented.
"""

import asyncio
import gzip
import hashlib
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

HOSTS = [f"127.0.1.{n}" for n in range(1, 51)]
LATENCY_SECONDS = 0.05
ERROR_EVERY = 100
NEWEST = datetime(2026, 9, 1, 6, tzinfo=UTC)
WORDS = """
harbour lantern orchard copper winter ledger violin granite meadow signal kettle river archive
bicycle saffron glacier bakery compass thunder velvet quarry pollen tunnel mirror cabinet falcon
ribbon furnace island timber button canyon feather gravel hammer insect jasmine kitchen ladder
marble needle oyster parcel quilt rocket saddle teapot umbrella valley window yarn zeppelin anchor
barrel candle desert engine forest garden hollow
""".split()  # noqa: SIM905 - words are read more easily than a list


def number_of_items(number: int) -> int:
    """How many items a feed has: 30 to 50, the same each time."""
    return 30 + number * 7 % 21


def fails(number: int) -> bool:
    """Whether a feed always answers with an error."""
    return number % ERROR_EVERY == ERROR_EVERY // 2


def feed_document(number: int) -> bytes:
    """The RSS document of a feed, the same each time."""
    dice = random.Random(number)

    def words(count: int) -> str:
        return " ".join(dice.choices(WORDS, k=count)).capitalize()

    items = []
    for n in range(number_of_items(number)):
        at = NEWEST - timedelta(days=n, minutes=number)
        items.append(
            f"<item><title>{words(5)}</title><guid isPermaLink='false'>{dice.getrandbits(128):032x}</guid>"
            f"<link>https://show{number}.example/{n}</link><pubDate>{format_datetime(at)}</pubDate>"
            f"<enclosure url='https://show{number}.example/audio/{dice.getrandbits(48):012x}.mp3' type='audio/mpeg'"
            f" length='{dice.randrange(10_000_000, 90_000_000)}'/>"
            f"<itunes:duration>{dice.randrange(600, 7200)}</itunes:duration>"
            f"<itunes:episodeType>full</itunes:episodeType>"
            f"<podcast:transcript url='https://show{number}.example/{n}.vtt' type='text/vtt'/>"
            f"<podcast:person role='guest'>{words(2)}</podcast:person>"
            f"<description><![CDATA[<p>{words(60)}.</p><p>{words(60)}.</p>]]></description>"
            f"<itunes:summary>{words(40)}.</itunes:summary></item>"
        )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'"
        " xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:podcast='https://podcastindex.org/namespace/1.0'>"
        f"<channel><title>Show {number} of {words(2)}</title><link>https://show{number}.example/</link>"
        f"<language>en</language><description>{words(30)}.</description>{''.join(items)}</channel></rss>"
    ).encode()


class Server:
    """Answers made once: path to (entity tag, body, compressed body), or nothing for a feed that fails."""

    def __init__(self, feeds: int) -> None:
        self._answers: dict[str, tuple[str, bytes, bytes] | None] = {}
        for number in range(feeds):
            body = feed_document(number)
            tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
            answer = (tag, body, gzip.compress(body, 6))
            self._answers[f"/feed/{number}"] = None if fails(number) else answer

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests one after the other, until the client leaves."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                await asyncio.sleep(LATENCY_SECONDS)
                writer.write(self._response(first.split()[1], headers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _response(self, path: str, headers: dict[str, str]) -> bytes:
        answer = self._answers.get(path)
        if answer is None:
            return b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
        tag, plain, compressed = answer
        if headers.get("if-none-match") == tag:
            return f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode()
        is_gzip = "gzip" in headers.get("accept-encoding", "")
        body = compressed if is_gzip else plain
        coding = "Content-Encoding: gzip\r\n" if is_gzip else ""
        kind = "application/rss+xml; charset=utf-8"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nETag: {tag}\r\n{coding}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


async def main(feeds: int) -> None:
    """Serve until standard input ends."""
    server = Server(feeds)
    first = await asyncio.start_server(server.answer, HOSTS[0], 0)
    port = first.sockets[0].getsockname()[1]
    others = await asyncio.start_server(server.answer, HOSTS[1:], port)
    print(port, flush=True)
    async with first, others:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
