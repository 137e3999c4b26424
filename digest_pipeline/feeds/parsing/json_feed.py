"""JSON Feed (https://jsonfeed.org/version/1.1): what fastfeedparser stumbles over in it, and what it leaves out."""

import codecs
import json
from collections.abc import Sequence
from typing import Any


def without_nulls(body: bytes) -> bytes:
    """A JSON Feed without the nulls in its lists, for one of which the whole would be given up; else the document."""
    document = _read(body)
    return body if document is None else json.dumps(document).encode()


def add_durations(entries: Sequence[Any], body: bytes) -> None:
    """Give the entries of a JSON Feed what its attachments say of their length, under the name that RSS has for it."""
    for entry, item in zip(entries, (_read(body) or {}).get("items") or (), strict=False):
        lengths = (attachment.get("duration_in_seconds") for attachment in item.get("attachments") or ())
        entry["itunes_duration"] = next((str(seconds) for seconds in lengths if seconds), None)


def _read(body: bytes) -> Any:
    """The object of a document that is one; ``None`` of any other document."""
    if not body.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return None
    try:
        return json.loads(body, object_hook=_full)
    except (ValueError, RecursionError):
        return None


def _full(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [one for one in value if one is not None] if isinstance(value, list) else value
        for name, value in fields.items()
    }
