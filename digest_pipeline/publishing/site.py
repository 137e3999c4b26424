"""The site: static files, each written whole and moved into place, so that a reader never sees half a page.

A day's build renders what the day touches, a number of pages that does not grow with the archive. What all pages share
(templates, title, address, which insights were taken back) is stamped in the folder: when that changes, as after an
upgrade, everything is built anew.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

import duckdb

from digest_pipeline import __version__
from digest_pipeline.feeds.opml import write_opml
from digest_pipeline.feeds.subscriptions import subscriptions
from digest_pipeline.models import Retraction
from digest_pipeline.publishing import catalogue, feeds, newest, pages, store
from digest_pipeline.publishing.pages import Site
from digest_pipeline.publishing.render import to_json, to_markdown
from digest_pipeline.publishing.stale import gone_days, remove_stale
from digest_pipeline.publishing.touched import touched_by

STAMP = ".built-from"
STATIC = ("style.css", "search.js", "icon.svg")
DIGESTS_IN_FEED, INSIGHTS_IN_FEED = 30, 100


def write_site(folder: Path, con: duckdb.DuckDBPyConnection, new: Sequence[date], site: Site) -> list[Path]:
    """Write the pages that the digests of the days ``new`` touch.

    Args:
        folder: of the site.
        con: the warehouse, in which the digests are published.
        new: days whose digest is new since the folder was last written; days that are not published do not count.
        site: what all pages share.

    Returns:
        Files whose content changed. Equal input gives equal bytes, and then no file is touched. The folder is the same
        whether its days were written one by one or all at once. When all are written, the pages of days that are not
        published any more go.
    """
    days = store.published_days(con)
    stamp, built_from = folder / STAMP, _fingerprint(site, store.retractions(con))
    is_ours = stamp.exists()
    is_current = is_ours and stamp.read_text(encoding="utf-8") == built_from and not gone_days(folder, days)
    if is_ours and not is_current:
        _write(stamp, "")  # a build that dies leaves pages of two kinds: that of neither may be taken for whole
    wanted = [day for day in days if day in set(new)] if is_current else days
    files_of_site = [*_static(), *_pages(con, wanted, days, site)] if days else []
    changed = [folder / path for path, content in files_of_site if _write(folder / path, content)]
    if wanted == days and is_ours:  # in a folder without our stamp, such a file may be somebody else's
        changed += remove_stale(folder, {folder / path for path, _ in files_of_site})
    if days and not is_current:
        _write(stamp, built_from)
    return changed


def _fingerprint(site: Site, retractions: Sequence[Retraction]) -> str:
    """What all pages share, as one word: release, templates, what the site is called, and what was taken back."""
    parts = sorted((f.name, f.read_bytes()) for f in (files(__package__) / "templates").iterdir())
    return hashlib.sha256(repr((__version__, site, parts, *retractions)).encode()).hexdigest() + "\n"


def _static() -> Iterator[tuple[str, str]]:
    for name in STATIC:
        yield name, (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _pages(
    con: duckdb.DuckDBPyConnection, new: Sequence[date], days: Sequence[date], site: Site
) -> Iterator[tuple[str, str]]:
    touched = touched_by(con, new, days)
    place = {day: number for number, day in enumerate(days)}
    for day, digest in store.published_digests(con, touched.days).items():
        older = days[place[day] - 1] if place[day] else None
        newer = days[place[day] + 1] if day != days[-1] else None
        yield f"days/{day}.html", pages.day_page(site, digest, older=older, newer=newer)
        yield f"days/{day}.md", to_markdown(digest)
        yield f"days/{day}.json", to_json(digest)
        if newer is None:
            yield "index.html", pages.day_page(site, digest, older=older, newer=None, path="index.html")
    for insight in catalogue.insight_pages(con, touched.insights):
        yield f"insights/{insight.item.claim_id}.html", pages.insight_page(site, insight)
    for retraction in store.retractions(con):
        if retraction.claim_id in touched.insights:
            yield f"insights/{retraction.claim_id}.html", pages.retraction_page(site, retraction)
    for theme in catalogue.theme_pages(con, touched.themes):
        yield f"themes/{theme.theme_id}.html", pages.theme_page(site, theme)
    yield "themes.html", pages.themes_page(site, catalogue.theme_lines(con))
    yield from _archive(con, sorted({day.year for day in new}), days, site)
    yield from _search(con, touched.months, days, site)
    yield from _feeds(con, site)


def _archive(
    con: duckdb.DuckDBPyConnection, touched: Sequence[int], days: Sequence[date], site: Site
) -> Iterator[tuple[str, str]]:
    newest, *others = sorted({day.year for day in days}, reverse=True)
    for year in touched:
        path = f"archive/{year}.html"
        yield path, pages.archive_page(site, year, catalogue.days_of_year(con, year), path=path)
    lines = catalogue.days_of_year(con, newest)
    yield "archive.html", pages.archive_page(site, newest, lines, years=others, path="archive.html")


def _search(
    con: duckdb.DuckDBPyConnection, touched: Sequence[date], days: Sequence[date], site: Site
) -> Iterator[tuple[str, str]]:
    for month in touched:
        end = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        yield f"search/{month:%Y-%m}.js", pages.search_part(catalogue.search_entries(con, month, end))
    months = sorted({f"{day:%Y-%m}" for day in days})
    yield "search.html", pages.search_page(site, months)


def _feeds(con: duckdb.DuckDBPyConnection, site: Site) -> Iterator[tuple[str, str]]:
    entries = {
        "digests": newest.newest_digests(con, DIGESTS_IN_FEED),
        "insights": newest.newest_insights(con, INSIGHTS_IN_FEED),
    }
    for kind, published in entries.items():
        yield feeds.ATOM_NAME.format(kind=kind), feeds.atom_feed(site, kind, published)
        yield feeds.JSON_NAME.format(kind=kind), feeds.json_feed(site, kind, published)
    yield "feeds/sources.opml", write_opml(subscriptions(con, private=False)).decode()


def _write(path: Path, content: str) -> bool:
    data = content.encode(errors="replace")  # a lone surrogate has no bytes
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(data)
    draft.replace(path)
    return True
