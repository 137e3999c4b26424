"""Subscription lists: OPML in through listparser, OPML out through lxml."""

import listparser
from lxml import etree

from digest_pipeline.errors import FeedError


def read_opml(body: bytes, *, source: str) -> list[tuple[str, str]]:
    """(address, title) of each feed of a subscription list, in its order, each address once.

    Raises:
        FeedError: the document is not OPML, or names no feed.
    """
    parsed = listparser.parse(body)
    feeds = {feed.url: " ".join((feed.title or "").split()) for feed in parsed.feeds if feed.url}
    if not feeds:
        reason = f": {parsed.bozo_exception}" if parsed.get("bozo_exception") else ""
        raise FeedError(
            f"{source} is no OPML list with feeds{reason}",
            remedy='it needs <outline type="rss" xmlUrl="https://…"/> elements',
        )
    return list(feeds.items())


def write_opml(feeds: list[tuple[str, str]]) -> bytes:
    """An OPML 2.0 document of (address, title) pairs."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Podcast subscriptions"
    body = etree.SubElement(root, "body")
    for url, title in feeds:
        etree.SubElement(body, "outline", type="rss", text=title or url, xmlUrl=url)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document
