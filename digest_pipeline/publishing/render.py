"""One digest as data, Markdown and text, and what every template of the publishing stage has at hand."""

import hashlib
import json
import re
from dataclasses import asdict
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from rapidfuzz import fuzz

from digest_pipeline.dates import long_date, month_name, short_date, weekday_date
from digest_pipeline.models import Digest, DigestItem, Retraction
from digest_pipeline.words import escaped_markdown, plural, readable

FIELDS = (
    "rank", "headline", "explanation", "quote", "speaker", "show", "episode", "start_seconds", "end_seconds",
    "audio_url", "link", "theme", "score", "components", "why",
)  # fmt: skip
SAME_WORDS = 90.0  # rapidfuzz ratio, 0..100: cleaned of fillers, a quote still is this much like itself
MOST_LONGER = 1.2  # times a quote's length, up to which an explanation can be the quote alone
NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x1f\x7f<>\"`\\^{|}]")  # RFC 3986, 2; in Markdown they would end the link
OWN_LANGUAGE = "en"  # of the pages, mails and feeds
# RFC 5646, 2.1: a language, then subtags; `und` and `mul` name none.
LANGUAGE = re.compile(r"(?!(?:und|mul|mis|zxx)\b)[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
LIST_ITEM = re.compile(r"^(\d{0,9})((?<=\d)[.)]|(?<!\d)[-+])(?=\s|-|$)")  # "2008. That was" at the head of a line


def as_document(digest: Digest) -> dict[str, Any]:
    """The digest as plain data: ``{digest_date, items: [...]}``, with ``retracted`` where an insight was taken back."""
    rows = (asdict(item) for item in digest.items)
    items = [{"id": row["claim_id"], **{name: row[name] for name in FIELDS}} for row in rows]
    document: dict[str, Any] = {"digest_date": digest.digest_date.isoformat(), "items": items}
    if digest.retracted:
        document["retracted"] = [
            {"id": one.claim_id, "rank": one.rank, "retracted_on": one.retracted_on.isoformat(), "reason": one.reason}
            for one in digest.retracted
        ]
    return document


def content_hash(digest: Digest) -> str:
    """SHA-256 of the digest as data: equal content, equal hash.

    What a later release tells of an insight beside ``FIELDS`` is not in it: it must not make old digests new ones.
    """
    canonical = json.dumps(as_document(digest), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def to_json(digest: Digest) -> str:
    """JSON, indented; with the language of each insight."""
    document = as_document(digest)
    for row, item in zip(document["items"], digest.items, strict=True):
        row["language"] = language_tag(item.language)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_markdown(digest: Digest) -> str:
    """Markdown that also reads well unrendered."""
    return templates().get_template("digest.md.j2").render(digest=digest)


def to_text(digest: Digest) -> str:
    """Plain text for a terminal."""
    return templates().get_template("digest.txt.j2").render(digest=digest)


def empty_line(digest: Digest) -> str:
    """What readers are told of a day on which no insight stands."""
    if digest.retracted:
        return "Nothing of this day stands any more."
    if not digest.episodes:
        return "No new episodes today."
    where = "in it" if digest.episodes == 1 else "in them"
    return f"{plural(digest.episodes, 'new episode')}, and nothing {where} that deserves your time."


def retraction_line(one: Retraction, of_day: str = "") -> str:
    """What readers are told of an insight that was taken back; ``of_day`` where it stands among other days'."""
    place = f"Number {one.rank}{of_day and f' of {of_day}'} ({one.show}, “{one.episode}”)"
    return f"{place} was retracted on {short_date(one.retracted_on)}: {one.reason}"


def clock(seconds: float) -> str:
    """``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def web_url(address: str | None) -> str | None:
    """The address, if it leads to the web: a feed may also say ``javascript:``. What no address holds is encoded."""
    if not address or not address.lower().startswith(("http://", "https://")):
        return None
    return NOT_IN_ADDRESSES.sub(lambda found: quote(found[0]), address)


def link_to_moment(audio_url: str | None, seconds: float) -> str | None:
    """Address that opens the audio at a second (W3C Media Fragments)."""
    address = web_url(audio_url)
    return f"{address.split('#')[0]}#t={int(seconds)}" if address else None


def audio_at(item: DigestItem) -> str | None:
    """Address that opens the audio at the quote."""
    return link_to_moment(item.audio_url, item.start_seconds)


def language_tag(language: str | None) -> str | None:
    """A language as a tag of BCP 47, as feeds and recognisers write it: ``pt_BR`` too; ``None`` if it is none."""
    tag = (language or "").strip().replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else None


def other_language(language: str | None) -> str | None:
    """The tag of a language that is not the pages' own."""
    tag = language_tag(language)
    return tag if tag and tag.lower().split("-")[0] != OWN_LANGUAGE else None


def lang(item: Any) -> Markup:
    """The attribute of an element whose text is what an insight says, where it is not in the language of the page.

    WCAG 2.2, 3.1.2: a screen reader would read it with the wrong voice.
    """
    tag = other_language(item.language)
    return Markup(f' lang="{tag}"' if tag else "")  # noqa: S704 - letters, digits and hyphens


def beyond_quote(item: DigestItem) -> str:
    """The explanation, unless it only says the quote again: for where both would stand below each other.

    One that is longer may quote and go on, so that it says more.
    """
    is_longer = len(item.explanation) > MOST_LONGER * len(item.quote)
    likeness = fuzz.partial_ratio(item.explanation.lower(), item.quote.lower())
    return item.explanation if is_longer or likeness < SAME_WORDS else ""


def markdown_text(text: str) -> str:
    """Text whose characters Markdown would take for markup are escaped, and line breaks folded.

    So goes white space at its ends: what parts it from its neighbours belongs in the template.
    """
    return LIST_ITEM.sub(r"\1\\\2", escaped_markdown(" ".join(text.split())))


def _readable(value: object) -> object:
    """What a template writes of a value: HTML allows no control characters, and older releases stored some."""
    return type(value)(readable(value)) if isinstance(value, str) else value


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates of this stage; those that end in ``html.j2`` escape what they are given."""
    environment = Environment(
        loader=PackageLoader("digest_pipeline.publishing"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_readable,
    )
    filters = (
        clock, audio_at, web_url, beyond_quote, long_date, short_date, weekday_date, month_name, plural, other_language,
        empty_line, retraction_line,
    )  # fmt: skip
    environment.filters |= {function.__name__: function for function in filters} | {"md": markdown_text, "lang": lang}
    return environment
