"""Addresses of private feeds carry their subscriber's token: what may be shown of an address, and what may not.

Everything that a person or a log sees of an address goes through ``redact`` or ``redact_text``.
"""

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import polars as pl

HIDDEN = "…"
# Hosts and paths that serve one subscriber's own feed.
PRIVATE_PLACES = re.compile(
    r"//(?:[\w-]+\.)*(?:supportingcast\.fm|supercast\.(?:com|tech)|memberful\.com|glow\.fm)/|//(?:www\.)?patreon\.com/rss/"
    r"|//access\.acast\.com/|//(?:subscribers|private(?:-feeds?)?)\.[\w-]+\.|/private/",
    re.IGNORECASE,
)
SECRET_NAMES = re.compile(
    r"^(?:.*[_-])?(?:auth|authorization|token|key|apikey|secret|sig|signature|pass|passwd|password|pw|pwd|session|sid"
    r"|user|username|login|access|jwt|hash|policy|code|member|subscriber)(?:[_-].*)?$",
    re.IGNORECASE,
)
TOKEN_LENGTH = 20
URL = re.compile(r"https?://[^\s\"'<>\])}]+", re.IGNORECASE)


def redact(url: str) -> str:
    """The address without user, password and query, and without what looks like a token in its path."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return HIDDEN
    netloc = f"[{host}]" if ":" in host else host
    netloc = f"{netloc}:{port}" if port else netloc
    segments = [HIDDEN if _is_token(segment) else segment for segment in parts.path.split("/")]
    if PRIVATE_PLACES.search(url):
        segments = [HIDDEN if any(c.isdigit() for c in segment) else segment for segment in segments]
    return urlunsplit((parts.scheme, netloc, "/".join(segments), HIDDEN if parts.query else "", ""))


def redact_text(text: str, *secrets: str) -> str:
    """A message with every address in it redacted, and ``secrets`` hidden: libraries put whole addresses into their
    errors, and servers the key that they were sent.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, HIDDEN)
    return URL.sub(lambda match: redact(match[0]), text)


def is_private(url: str) -> bool:
    """Whether an address opens something that is meant for one subscriber."""
    try:
        parts = urlsplit(url)
        has_user = bool(parts.username or parts.password)
    except ValueError:
        return True  # unreadable: better not shown
    if has_user or PRIVATE_PLACES.search(url) or any(map(_is_token, parts.path.split("/"))):
        return True
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return any(SECRET_NAMES.match(name) or _is_token(value) for name, value in pairs)


def without_secrets(frame: pl.DataFrame, private_feeds: Collection[str]) -> pl.DataFrame:
    """A table to hand out: no address in it opens a private feed or its audio.

    Args:
        frame: any table.
        private_feeds: addresses of private feeds. Their own rows (column ``feed_url``) lose every address.
    """
    is_of_private = (
        frame["feed_url"].is_in(list(private_feeds))
        if "feed_url" in frame.columns
        else pl.repeat(False, frame.height, eager=True)
    )
    columns = []
    for name in (name for name, kind in frame.schema.items() if kind == pl.String):
        texts = frame[name].to_list()
        if name == "audio_key":  # an address without its scheme
            texts = [None if hides else text for text, hides in zip(texts, is_of_private, strict=True)]
        shown = [
            text if text is None or "://" not in text else _without_secrets(text, hides=hides)
            for text, hides in zip(texts, is_of_private, strict=True)
        ]
        columns.append(pl.Series(name, shown, dtype=pl.String))
    return frame.with_columns(columns)


def _without_secrets(text: str, *, hides: bool) -> str:
    def shown(match: re.Match[str]) -> str:
        url = match[0]
        if hides:
            host = urlsplit(redact(url)).netloc
            return f"{url.split('://')[0]}://{host}/{HIDDEN}"
        return redact(url) if is_private(url) else url

    return URL.sub(shown, text)


def _is_token(text: str) -> bool:
    """Long, of letters in both cases and digits, as random tokens in base 64 are; ids in hexadecimal are not."""
    stem = text.rsplit(".", 1)[0] if text.lower().endswith((".xml", ".rss")) else text
    if stem.startswith("eyJ"):  # a JSON Web Token
        return True
    if len(stem) < TOKEN_LENGTH or not re.fullmatch(r"[\w=.~+-]+", stem):
        return False
    longest = max(re.split(r"[-.]", stem), key=len)
    kinds = (str.isupper, str.islower, str.isdigit)
    return len(longest) >= TOKEN_LENGTH and all(any(kind(c) for c in longest) for kind in kinds)
