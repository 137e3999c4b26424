"""Feeds of what was published: Atom (RFC 4287) through lxml, and JSON Feed 1.1.

Ids are tag URIs (RFC 4151) that hold neither the site's address nor its title: both may change, an entry stays.
Without a public address the links are relative to the feed's own, which readers that fetch it can follow.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from digest_pipeline.dates import long_date
from digest_pipeline.publishing.newest import Published
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.render import OWN_LANGUAGE, other_language, templates
from digest_pipeline.words import plural, readable

NAMESPACE = "http://www.w3.org/2005/Atom"
ATOM_NAME, JSON_NAME = "feeds/{kind}.atom", "feeds/{kind}.json"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
KINDS = {"digests": "each day", "insights": "each insight"}


def atom_feed(site: Site, kind: str, entries: Sequence[Published]) -> str:
    """An Atom document, newest first. It is as new as its newest entry; empty, it dates from 1970."""
    feed = etree.Element(f"{{{NAMESPACE}}}feed", nsmap={None: NAMESPACE})
    feed.set(LANGUAGE, OWN_LANGUAGE)
    _add(feed, "id", f"tag:{site.tag}:{kind}")
    _add(feed, "title", readable(f"{site.title}: {KINDS[kind]}"))
    newest = max((entry.updated_at for entry in entries), default=datetime(1970, 1, 1))  # noqa: DTZ001 - stored UTC
    _add(feed, "updated", _stamp(newest))
    _add(_add(feed, "author"), "name", readable(site.title))
    _add(feed, "link", rel="alternate", type="text/html", href=_address(site, "index.html"))
    if site.url:
        _add(feed, "link", rel="self", type="application/atom+xml", href=site.url + ATOM_NAME.format(kind=kind))
    for published in entries:
        entry = _add(feed, "entry")
        if language := _language(kind, published):
            entry.set(LANGUAGE, language)
        _add(entry, "id", _id(site, kind, published))
        _add(entry, "title", readable(_title(kind, published)))
        _add(entry, "updated", _stamp(published.updated_at))
        _add(entry, "published", _stamp(published.published_at))
        _add(entry, "link", rel="alternate", type="text/html", href=_address(site, _page(kind, published)))
        if speaker := _speaker(kind, published):
            _add(_add(entry, "author"), "name", readable(speaker))
        for theme in _themes(published):
            _add(entry, "category", term=theme)
        _add(entry, "content", readable(_content(site, kind, published)), type="html")
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True).decode()


def json_feed(site: Site, kind: str, entries: Sequence[Published]) -> str:
    """A JSON Feed document, newest first."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{site.title}: {KINDS[kind]}",
        "language": OWN_LANGUAGE,
    }
    if site.url:
        feed |= {"home_page_url": site.url, "feed_url": site.url + JSON_NAME.format(kind=kind)}
    items = []
    for published in entries:
        item: dict[str, Any] = {
            "id": _id(site, kind, published),
            "url": _address(site, _page(kind, published)),
            "title": readable(_title(kind, published)),
            "content_html": _content(site, kind, published),
            "date_published": _stamp(published.published_at),
            "tags": _themes(published),
        }
        if published.retracted:
            item["date_modified"] = _stamp(published.updated_at)
        if speaker := _speaker(kind, published):
            item["authors"] = [{"name": readable(speaker)}]
        if language := _language(kind, published):
            item["language"] = language
        items.append(item)
    return json.dumps(feed | {"items": items}, indent=1, ensure_ascii=False) + "\n"


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    element.text = text
    return element


def _id(site: Site, kind: str, published: Published) -> str:
    return f"tag:{site.tag}:{published.day.isoformat() if kind == 'digests' else published.claim_id}"


def _page(kind: str, published: Published) -> str:
    return f"days/{published.day}.html" if kind == "digests" else f"insights/{published.claim_id}.html"


def _title(kind: str, published: Published) -> str:
    if kind == "insights" and not published.items:
        return f"Retracted: number {published.retracted[0].rank} of {long_date(published.day)}"
    if kind == "insights":
        return published.items[0].headline
    return f"{long_date(published.day)}: {plural(len(published.items), 'insight')}"


def _language(kind: str, published: Published) -> str | None:
    """Of an entry, where it is not the feed's own: an entry of a day may be in several."""
    return other_language(published.items[0].language) if kind == "insights" and published.items else None


def _speaker(kind: str, published: Published) -> str | None:
    return published.items[0].speaker if kind == "insights" and published.items else None


def _themes(published: Published) -> list[str]:
    return list(dict.fromkeys(readable(item.theme) for item in published.items if item.theme))


def _content(site: Site, kind: str, published: Published) -> str:
    root = site.url or "../"
    return templates().get_template("entry.html.j2").render(published=published, kind=kind, root=root)


def _address(site: Site, path: str) -> str:
    return f"{site.url or '../'}{path}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
