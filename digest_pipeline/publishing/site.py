"""The site: static files, each written whole and moved into place, so that a reader never sees half a page."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from digest_pipeline.models import Digest
from digest_pipeline.publishing.render import to_archive, to_html, to_json, to_markdown


def write_site(
    folder: Path, load: Callable[[date], Digest | None], day: date, days: Sequence[date], *, title: str
) -> list[Path]:
    """Write the pages that a day's digest touches: its own, its neighbours' (they link to it), index and archive.

    Args:
        folder: of the site.
        load: the published digest of a day.
        day: whose digest is new.
        days: all published days, ascending.
        title: of the site.

    Returns:
        Files whose content changed. Equal input gives equal bytes, and then no file is touched.
    """
    place = days.index(day)
    changed = []
    for number in range(max(0, place - 1), min(len(days), place + 2)):
        digest = load(days[number])
        if digest is None:
            continue
        older = days[number - 1] if number else None
        newer = days[number + 1] if number + 1 < len(days) else None
        stem = folder / "days" / digest.digest_date.isoformat()
        pages = {
            stem.with_suffix(".html"): to_html(digest, title=title, older=older, newer=newer, root="../"),
            stem.with_suffix(".md"): to_markdown(digest),
            stem.with_suffix(".json"): to_json(digest),
        }
        if newer is None:
            pages[folder / "index.html"] = to_html(digest, title=title, older=older, newer=None, root="")
        changed += [path for path, content in pages.items() if _write(path, content)]
    archive = folder / "archive.html"
    return [*changed, archive] if _write(archive, to_archive(days, title=title)) else changed


def _write(path: Path, content: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
    return True
