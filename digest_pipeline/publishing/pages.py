"""The pages of the site as HTML. Each is a function of what it shows alone: equal input, equal bytes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from digest_pipeline.models import Digest, Retraction
from digest_pipeline.publishing.catalogue import DayLine, InsightPage, ThemeLine, ThemePage
from digest_pipeline.publishing.render import audio_at, language_tag, templates, web_url
from digest_pipeline.words import readable

MOST_THEMES = 100


@dataclass(frozen=True, slots=True)
class Site:
    """What every page and feed says of the site.

    ``url`` is its public address with a slash at its end, or empty; ``tag`` begins the ids of feed entries (RFC 4151);
    ``takes_subscribers``: ``digest serve`` answers at ``url`` and can ask an address for its consent.
    """

    title: str
    url: str = ""
    tag: str = "digest.invalid,2026"
    takes_subscribers: bool = False


def day_page(site: Site, digest: Digest, *, older: date | None, newer: date | None, path: str = "") -> str:
    """A day's digest; ``older`` and ``newer`` are the days beside it."""
    path = path or f"days/{digest.digest_date}.html"
    return _render("digest", site, path, digest=digest, older=older, newer=newer)


def insight_page(site: Site, page: InsightPage) -> str:
    """The permanent page of one insight."""
    linked_data = as_linked_data(page, site)
    return _render("insight", site, f"insights/{page.item.claim_id}.html", page=page, linked_data=linked_data)


def retraction_page(site: Site, retraction: Retraction) -> str:
    """What stands at the address of an insight that was taken back: that it was, and why, and none of its words."""
    return _render("retraction", site, f"insights/{retraction.claim_id}.html", retraction=retraction)


def theme_page(site: Site, page: ThemePage) -> str:
    """A theme over time, and what was published of it."""
    return _render("theme", site, f"themes/{page.theme_id}.html", page=page)


def themes_page(site: Site, lines: Sequence[ThemeLine]) -> str:
    """The list of themes, the latest first, of which it shows ``MOST_THEMES``."""
    return _render("themes", site, "themes.html", lines=lines[:MOST_THEMES], older=len(lines[MOST_THEMES:]))


def archive_page(site: Site, year: int, days: Sequence[DayLine], *, years: Sequence[int] = (), path: str) -> str:
    """The days of a year by month, newest first; ``years`` are the others to link to."""
    months = [(month, list(lines)) for month, lines in groupby(days, key=lambda line: line.day.replace(day=1))]
    return _render("archive", site, path, year=year, months=months, years=years)


def search_page(site: Site, months: Sequence[str]) -> str:
    """The page that searches in the browser; ``months`` name the parts of its index."""
    return _render("search", site, "search.html", months=months)


def search_part(entries: Sequence[Sequence[str]]) -> str:
    """A part of the search index, as a script: a page that was opened from disk may load nothing else."""
    rows = ",\n".join(json.dumps([readable(field) for field in entry]) for entry in entries)
    return f"(globalThis.insights ??= []).push(\n{rows}\n);\n"


def as_linked_data(page: InsightPage, site: Site) -> dict[str, Any]:
    """The insight in schema.org's terms: a quotation from a clip of a podcast's episode."""
    item = page.item
    episode: dict[str, Any] = {
        "@type": "PodcastEpisode",
        "name": item.episode,
        "partOfSeries": {"@type": "PodcastSeries", "name": item.show},
    }
    clip = {"@type": "Clip", "startOffset": item.start_seconds, "endOffset": item.end_seconds, "partOfEpisode": episode}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Quotation",
        "identifier": item.claim_id,
        "headline": item.headline,
        "abstract": item.explanation,
        "text": item.quote,
        "datePublished": page.day.isoformat(),
        "isPartOf": clip,
    }
    if language := language_tag(item.language):
        data["inLanguage"] = language
    if link := web_url(item.link):
        episode["url"] = link
    if audio := audio_at(item):
        clip["url"] = audio
        episode["associatedMedia"] = {"@type": "AudioObject", "contentUrl": item.audio_url}
    if item.speaker:
        data["creator"] = {"@type": "Person", "name": item.speaker}
    if item.theme:
        data["about"] = {"@type": "Thing", "name": item.theme}
    if site.url:
        data["url"] = f"{site.url}insights/{item.claim_id}.html"
    return data


def _render(name: str, site: Site, path: str, **values: Any) -> str:
    root = "../" * path.count("/")
    return templates().get_template(f"{name}.html.j2").render(site=site, path=path, root=root, **values)
