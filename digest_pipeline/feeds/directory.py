"""Finding feeds: by the page of a show, by an Apple Podcasts link, by words in a podcast directory, by a folder."""

import hashlib
import re
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from digest_pipeline.errors import DigestError, FeedError, FetchError
from digest_pipeline.feeds.fetching.fetch import Fetcher
from digest_pipeline.feeds.folder import read_folder
from digest_pipeline.feeds.opml import is_opml
from digest_pipeline.feeds.parsing.parse import http_address, parse_feed
from digest_pipeline.feeds.redaction import redact
from digest_pipeline.feeds.subscriptions import web_address
from digest_pipeline.models import ParsedFeed
from digest_pipeline.settings import Settings

APPLE_LINK = re.compile(r"^https?://(?:podcasts|itunes)\.apple\.com/\S*?/id(\d+)", re.IGNORECASE)
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "text/xml")
MOST_ALTERNATES = 5
Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class FoundShow:
    """A show as a directory lists it."""

    title: str
    author: str
    feed_url: str
    episodes: int | None


class _AppleShow(BaseModel):
    model_config = ConfigDict(extra="ignore")
    title: str = Field("", alias="collectionName")
    author: str = Field("", alias="artistName")
    feed_url: str = Field("", alias="feedUrl")  # missing where a show is exclusive to Apple
    episodes: int | None = Field(None, alias="trackCount")


class _AppleReply(BaseModel):
    shows: list[_AppleShow] = Field(alias="results")


class _IndexShow(BaseModel):
    model_config = ConfigDict(extra="ignore")
    title: str = ""
    author: str = ""
    feed_url: str = Field("", alias="url")
    episodes: int | None = Field(None, alias="episodeCount")


class _IndexReply(BaseModel):
    shows: list[_IndexShow] = Field(alias="feeds")


async def find_feed_of(place: str, fetcher: Fetcher, settings: Settings) -> tuple[str, ParsedFeed]:
    """(address, feed) of what a person calls a feed.

    Args:
        place: the address of a feed or of a show's page, an Apple Podcasts link, or a folder of audio files.
        fetcher: to read it with.
        settings: where the directories are.

    Raises:
        DigestError: nothing there, or no feed behind it.
    """
    path = Path(place).expanduser()
    if "://" not in place and (path.exists() or place.startswith(("/", "~", "."))):
        path = path.resolve()
        if path.is_file():
            raise FeedError(f"{path} is a file", remedy="`digest feeds import` reads a list; of audio, name the folder")
        return path.as_uri(), read_folder(path.as_uri())
    url = web_address(place)
    if apple := APPLE_LINK.match(url):
        url = await _apple_feed(apple[1], fetcher, settings)
    fetched = await fetcher.get(url)
    try:
        return url, parse_feed(fetched.body, url=fetched.url)
    except FeedError as error:
        for alternate in alternate_feeds(fetched.body, fetched.url):
            try:
                answer = await fetcher.get(alternate)
                return alternate, parse_feed(answer.body, url=answer.url)
            except (FetchError, FeedError):
                continue
        if is_opml(fetched.body):
            raise FeedError(f"{redact(url)} is a list of feeds", remedy="`digest feeds import` takes it") from error
        raise FeedError(
            f"{redact(url)} is neither a feed nor a page that names one: {error.said}",
            remedy="look for an RSS link on the show's page, or try `digest feeds search`",
        ) from error


def alternate_feeds(page: bytes, url: str) -> list[str]:
    """Addresses of the feeds that a page names with ``<link rel="alternate">``, feeds of comments last."""
    with warnings.catch_warnings(action="ignore", category=XMLParsedAsHTMLWarning):  # XHTML is read as HTML, too
        links = BeautifulSoup(page, "lxml").find_all("link", rel="alternate", href=True)
    found = {
        address: str(link.get("title") or "")
        for link in links
        if str(link.get("type") or "").lower().split(";")[0].strip() in FEED_TYPES
        and (address := http_address(link["href"], url))
    }
    comments = [address for address, title in found.items() if "comment" in f"{address} {title}".lower()]
    return [*(address for address in found if address not in comments), *comments][:MOST_ALTERNATES]


async def search_shows(words: Sequence[str], fetcher: Fetcher, settings: Settings, *, limit: int) -> list[FoundShow]:
    """Shows that the iTunes directory lists for some words, and Podcast Index's beside them when a key is set.

    Raises:
        FetchError: a directory cannot be reached.
        DigestError: it answers with something else.
    """
    query = " ".join(words)
    apple = urlencode({"media": "podcast", "term": query, "limit": limit})
    shows: list[_AppleShow | _IndexShow] = []
    shows += (await _ask(f"{settings.itunes_api}/search?{apple}", fetcher, _AppleReply)).shows
    if settings.podcast_index_key.get_secret_value():
        index = urlencode({"q": query, "max": limit})
        url = f"{settings.podcast_index_api}/search/byterm?{index}"
        shows += (await _ask(url, fetcher, _IndexReply, headers=_index_headers(settings))).shows
    found = {show.feed_url: FoundShow(show.title, show.author, show.feed_url, show.episodes) for show in shows[::-1]}
    found.pop("", None)
    return list(found.values())[::-1]


async def _apple_feed(number: str, fetcher: Fetcher, settings: Settings) -> str:
    reply = await _ask(f"{settings.itunes_api}/lookup?{urlencode({'id': number})}", fetcher, _AppleReply)
    feeds = [show.feed_url for show in reply.shows if show.feed_url]
    if not feeds:
        raise DigestError(f"Apple Podcasts knows no public feed of show {number}", remedy="look for it on its own page")
    return feeds[0]


async def _ask(url: str, fetcher: Fetcher, kind: type[Reply], headers: dict[str, Any] | None = None) -> Reply:
    answer = await fetcher.get(url, headers=headers)
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError as error:
        raise DigestError(f"{redact(url)} did not answer as a directory does", remedy="try again later") from error


def _index_headers(settings: Settings) -> dict[str, str]:
    """https://podcastindex-org.github.io/docs-api: the key, the time, and the SHA-1 of both with the secret."""
    key, secret = settings.podcast_index_key.get_secret_value(), settings.podcast_index_secret.get_secret_value()
    now = str(int(time.time()))
    proof = hashlib.sha1(f"{key}{secret}{now}".encode(), usedforsecurity=False).hexdigest()
    return {"X-Auth-Key": key, "X-Auth-Date": now, "Authorization": proof}
