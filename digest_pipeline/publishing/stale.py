"""Pages of what is not published any more, as after an older database was put back: known by their names alone."""

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

# Every file that a build of the site writes. What else lies in its folder is somebody else's.
DAY, MONTH, YEAR = "[0-9]" * 4 + "-[0-9][0-9]-[0-9][0-9]", "[0-9]" * 4 + "-[0-9][0-9]", "[0-9]" * 4
OF_THE_SITE = (
    "index.html", "archive.html", "themes.html", "search.html", "style.css", "search.js", "icon.svg",
    f"days/{DAY}.html", f"days/{DAY}.md", f"days/{DAY}.json", "insights/cl_*.html", "themes/th_*.html",
    f"archive/{YEAR}.html", f"search/{MONTH}.js",
    "feeds/digests.atom", "feeds/digests.json", "feeds/insights.atom", "feeds/insights.json", "feeds/sources.opml",
)  # fmt: skip


def gone_days(folder: Path, published: Iterable[date]) -> set[str]:
    """The days that have a page and are not published any more: who took one back died before the site was written."""
    return {path.stem for path in folder.glob(f"days/{DAY}.html")} - {day.isoformat() for day in published}


def remove_stale(folder: Path, written: Collection[Path]) -> list[Path]:
    """Remove the site's files that a whole build did not write; returns them."""
    found = {path for pattern in OF_THE_SITE for path in folder.glob(pattern)}
    stale = sorted(found - set(written))
    for path in stale:
        path.unlink()
    return stale
