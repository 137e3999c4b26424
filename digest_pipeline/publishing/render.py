"""One digest in its forms: JSON for programs, Markdown for terminals and chat, HTML for readers."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from digest_pipeline.models import Digest, DigestItem

FIELDS = (
    "rank", "headline", "explanation", "quote", "speaker", "show", "episode", "start_seconds", "end_seconds",
    "audio_url", "link", "theme", "score", "components", "why",
)  # fmt: skip


def as_document(digest: Digest) -> dict[str, Any]:
    """The digest as plain data: ``{digest_date, items: [...]}``."""
    rows = (asdict(item) for item in digest.items)
    items = [{"id": row["claim_id"], **{name: row[name] for name in FIELDS}} for row in rows]
    return {"digest_date": digest.digest_date.isoformat(), "items": items}


def content_hash(digest: Digest) -> str:
    """SHA-256 of the digest as data: equal content, equal hash."""
    canonical = json.dumps(as_document(digest), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def to_json(digest: Digest) -> str:
    """JSON, indented."""
    return json.dumps(as_document(digest), indent=2, ensure_ascii=False) + "\n"


def to_markdown(digest: Digest) -> str:
    """Markdown that also reads well unrendered."""
    return _templates().get_template("digest.md.j2").render(digest=digest)


def to_text(digest: Digest) -> str:
    """Plain text for a terminal."""
    return _templates().get_template("digest.txt.j2").render(digest=digest)


def to_html(digest: Digest, *, title: str, older: date | None, newer: date | None, root: str) -> str:
    """A complete page; ``older`` and ``newer`` are the days beside it, ``root`` leads to the site's folder."""
    template = _templates().get_template("digest.html.j2")
    return template.render(digest=digest, title=title, older=older, newer=newer, root=root)


def to_archive(days: Sequence[date], *, title: str) -> str:
    """The page that lists all published days, newest first."""
    return _templates().get_template("archive.html.j2").render(days=sorted(days, reverse=True), title=title, root="")


def clock(seconds: float) -> str:
    """``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def audio_at(item: DigestItem) -> str | None:
    """Address that opens the audio at the quote (W3C Media Fragments)."""
    return f"{item.audio_url.split('#')[0]}#t={int(item.start_seconds)}" if item.audio_url else None


def long_date(day: date) -> str:
    """``Monday, 14 September 2026``, in English whatever the machine's locale."""
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    )  # fmt: skip
    return f"{weekdays[day.weekday()]}, {day.day} {months[day.month - 1]} {day.year}"


def markdown_text(text: str) -> str:
    """Text whose characters Markdown would take for markup are escaped, and line breaks folded."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in " ".join(text.split()))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("digest_pipeline.publishing"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"clock": clock, "audio_at": audio_at, "long_date": long_date, "md": markdown_text}
    return environment
