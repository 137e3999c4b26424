"""The demo network: serves ``demo/`` over HTTP as podcast servers would, as of any of its days.

Feeds carry ETags, and transcripts come in the format of their show. The pipeline reads it
like any other network; nothing in it knows that this one is invented.
"""

import hashlib
import html
import json
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from digest_pipeline.errors import DigestError

WORDS_PER_SECOND = 2.6
CUE_WORDS = 28
TYPES = {
    "json": "application/json", "vtt": "text/vtt", "srt": "application/x-subrip", "html": "text/html",
    "mp3": "audio/mpeg", "opus": "audio/ogg", "xml": "application/rss+xml", "opml": "text/x-opml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cue:
    speaker: str
    start: float
    end: float
    text: str


class DemoNetwork:
    """The shows and episodes of a ``network.toml``; ``today`` is the day as of which its feeds are served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        described = tomllib.loads((folder / "network.toml").read_text(encoding="utf-8"))
        self.first_day: date = described["first_day"]
        self.last_day: date = described["last_day"]
        self.shows: dict[str, dict[str, Any]] = {show["slug"]: show for show in described["shows"]}
        self.today = self.last_day

    def opml(self, base: str) -> str:
        """A subscription list of all shows."""
        rows = "".join(
            f"<outline type='rss' text={quoteattr(show['title'])} xmlUrl={quoteattr(f'{base}/{slug}/feed.xml')}/>"
            for slug, show in self.shows.items()
        )
        return f'<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><body>{rows}</body></opml>'

    def feed(self, base: str, slug: str) -> str:
        """A show's RSS as of ``today``, newest first."""
        show = self.shows[slug]
        items = sorted(self._items(base, slug), key=lambda item: item[0], reverse=True)
        hosts = "".join(
            f'<podcast:person role="host">{escape(name)}</podcast:person>' for name in show.get("hosts", ())
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
            ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
            ' xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>'
            f"<title>{escape(show['title'])}</title><link>{escape(show['link'])}</link>"
            f"<language>{show['language']}</language><description>{escape(show['description'])}</description>"
            f"{hosts}{''.join(body for _, body in items)}</channel></rss>"
        )

    def _items(self, base: str, slug: str) -> Iterator[tuple[datetime, str]]:
        show = self.shows[slug]
        for episode in show["episodes"]:
            if episode.get("malformed"):
                first = datetime(self.first_day.year, self.first_day.month, self.first_day.day, tzinfo=UTC)
                title, nonsense = escape(episode["title"]), escape(episode["published"])
                yield first, f"<item><title>{title}</title><pubDate>{nonsense}</pubDate></item>"
                continue
            published: datetime = episode["published"]
            if episode.get("appears_on", published.date()) <= self.today:
                yield published, self._item(base, show, episode, episode["title"], episode["guid"], published, "")
            again = episode.get("republished_as")
            if again and again["published"].date() <= self.today:
                suffix = again["url_suffix"]
                yield (
                    again["published"],
                    self._item(base, show, episode, again["title"], again["guid"], again["published"], suffix),
                )

    def _item(
        self, base: str, show: dict[str, Any], episode: dict[str, Any], title: str, guid: str, at: datetime, suffix: str
    ) -> str:
        slug, name, kind = show["slug"], f"{episode['slug']}{suffix}", show["transcript_format"]
        kind_of_audio = episode.get("audio", "episode.mp3").rsplit(".", 1)[1]
        link = f"{show['link'].rstrip('/')}/{name}"
        transcript = ""
        if kind != "none":
            transcript = f'<podcast:transcript url="{base}/{slug}/{name}.{kind}" type="{TYPES[kind]}"/>'
        return (
            f"<item><title>{escape(title)}</title><guid isPermaLink='false'>{escape(guid)}</guid>"
            f"<pubDate>{format_datetime(at)}</pubDate><link>{escape(link)}</link>"
            f"<description>{escape(episode['description'])}</description>"
            f'<enclosure url="{base}/{slug}/{name}.{kind_of_audio}" length="0" type="{TYPES[kind_of_audio]}"/>'
            f"{transcript}</item>"
        )

    def episode(self, slug: str, name: str) -> dict[str, Any] | None:
        """An episode by the name in its address, also when it was published again."""
        for episode in self.shows.get(slug, {}).get("episodes", ()):
            suffix = episode.get("republished_as", {}).get("url_suffix", "")
            if name in {episode["slug"], episode["slug"] + suffix} and not episode.get("malformed"):
                found: dict[str, Any] = episode
                return found
        return None

    def transcript(self, episode: dict[str, Any], kind: str) -> str:
        """An episode's script as a transcript file."""
        cues = list(self._cues(episode))
        return {"json": _json, "vtt": _vtt, "srt": _srt, "html": _html}[kind](cues)

    def _cues(self, episode: dict[str, Any]) -> Iterator[_Cue]:
        now = 0.0
        script = (self.folder / "scripts" / episode["script"]).read_text(encoding="utf-8")
        for line in filter(None, map(str.strip, script.splitlines())):
            speaker, spoken = line.split(": ", 1)
            words = spoken.split()
            for first in range(0, len(words), CUE_WORDS):
                piece = words[first : first + CUE_WORDS]
                end = now + len(piece) / WORDS_PER_SECOND
                yield _Cue(speaker, round(now, 2), round(end, 2), " ".join(piece))
                now = end


def _json(cues: list[_Cue]) -> str:
    rows = [{"speaker": c.speaker, "startTime": c.start, "endTime": c.end, "body": c.text} for c in cues]
    return json.dumps({"version": "1.0.0", "segments": rows}, ensure_ascii=False)


def _vtt(cues: list[_Cue]) -> str:
    rows = (
        f"{_stamp(c.start, '.')} --> {_stamp(c.end, '.')}\n<v {c.speaker}>{html.escape(c.text, False)}" for c in cues
    )
    return "WEBVTT\n\n" + "\n\n".join(rows) + "\n"


def _srt(cues: list[_Cue]) -> str:
    rows = (
        f"{number}\n{_stamp(c.start, ',')} --> {_stamp(c.end, ',')}\n{c.speaker}: {c.text}"
        for number, c in enumerate(cues, start=1)
    )
    return "\n\n".join(rows) + "\n"


def _html(cues: list[_Cue]) -> str:
    rows = (
        f"<cite>{html.escape(c.speaker)}:</cite><time>{int(c.start // 60)}:{int(c.start % 60):02d}</time>"
        f"<p>{html.escape(c.text)}</p>"
        for c in cues
    )
    return f"<!doctype html><html><body>{''.join(rows)}</body></html>"


def _stamp(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


@contextmanager
def serve(network: DemoNetwork, port: int) -> Iterator[str]:
    """Serve the network on loopback while the block runs; yields its base address.

    Raises:
        DigestError: the port is taken.
    """

    class Handler(_Handler):
        shared = network

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise DigestError(f"port {port} is taken: {error.strerror}", remedy="name another with --port") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="demo network", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shared: DemoNetwork

    def log_message(self, *_: object) -> None:
        """Requests are not logged: the pipeline's own progress is what the terminal shows."""

    def do_GET(self) -> None:
        base = f"http://{self.headers.get('Host')}"
        if self.path == "/opml":
            self._answer(self.shared.opml(base).encode(), TYPES["opml"])
            return
        match = re.fullmatch(r"/([a-z0-9-]+)/([a-z0-9-]+)\.([a-z0-9]+)", self.path)
        if match and match[1] in self.shared.shows and (match[2], match[3]) == ("feed", "xml"):
            self._answer(self.shared.feed(base, match[1]).encode(), TYPES["xml"])
            return
        episode = self.shared.episode(match[1], match[2]) if match else None
        if match and episode and match[3] in {"json", "vtt", "srt", "html"}:
            self._answer(self.shared.transcript(episode, match[3]).encode(), TYPES[match[3]])
        elif match and episode and "audio" in episode and episode["audio"].endswith(f".{match[3]}"):
            self._answer((self.shared.folder / "audio" / episode["audio"]).read_bytes(), TYPES[match[3]])
        else:
            self.send_error(404)

    def _answer(self, body: bytes, kind: str) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", etag)
        self.send_header("Content-Type", kind if kind.startswith("audio/") else f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
