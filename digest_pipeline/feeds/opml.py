"""Subscription lists: OPML in through listparser, OPML out through lxml. Folders are tags, and tags are folders."""

import codecs
from collections.abc import Sequence

import listparser
from lxml import etree

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.subscriptions import Subscription, web_address
from digest_pipeline.words import readable

BETWEEN_FOLDERS = "/"


def read_opml(body: bytes, *, source: str) -> list[Subscription]:
    """The feeds of a subscription list, in its order, each address once.

    A feed's tags are the folders that it lies in, ``News/Daily`` for nested ones, and its OPML 2.0 categories.

    Raises:
        FeedError: the document is not OPML, or names no feed.
    """
    parsed = listparser.parse(_with_encoding(body.lstrip()))
    found: dict[str, Subscription] = {}
    for feed in parsed.feeds:
        paths = (BETWEEN_FOLDERS.join(path) for path in feed.categories)
        tags = sorted({" ".join(path.split()) for path in paths if path.strip()})
        if feed.url and feed.url.strip():
            url = web_address(feed.url)
            known = found.get(url)
            tags = sorted({*tags, *(known.tags if known else ())})
            found[url] = Subscription(url, " ".join(readable(feed.title or "").split()), tuple(tags))
    if not found:
        reason = f": {parsed.bozo_exception}" if parsed.get("bozo_exception") else ""
        raise FeedError(
            f"{source} is no OPML list with feeds{reason}",
            remedy='it needs <outline type="rss" xmlUrl="https://…"/> elements',
        )
    return list(found.values())


def is_opml(body: bytes) -> bool:
    """Whether a document is a subscription list with feeds in it."""
    try:
        return bool(read_opml(body, source=""))
    except FeedError:
        return False


def _with_encoding(body: bytes) -> bytes:
    """XML that declares no encoding is UTF-8, unless it cannot be; listparser takes all of it for Latin-1."""
    is_declared = body.startswith(b"<?xml") or not body.startswith(b"<")
    is_utf_8 = "\N{REPLACEMENT CHARACTER}" not in body.decode("utf-8", "replace")
    return codecs.BOM_UTF8 + body if is_utf_8 and not is_declared else body


def write_opml(feeds: Sequence[Subscription]) -> bytes:
    """An OPML 2.0 document: each feed in the folder of its first tag, further tags as categories."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Podcast subscriptions"
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for feed in feeds:
        outline = etree.SubElement(
            _folder(folders, tuple(feed.tags[0].split(BETWEEN_FOLDERS)) if feed.tags else ()),
            "outline",
            type="rss",
            text=readable(feed.title or feed.feed_url),
            xmlUrl=feed.feed_url,
        )
        if feed.tags[1:]:
            further = ",".join(f"/{tag}" if BETWEEN_FOLDERS in tag else tag for tag in feed.tags[1:])
            outline.set("category", readable(further))
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document


def _folder(folders: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]) -> etree._Element:
    if path not in folders:
        folders[path] = etree.SubElement(_folder(folders, path[:-1]), "outline", text=readable(path[-1]))
    return folders[path]
