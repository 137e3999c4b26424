"""JSON Feed, as far as it differs from the other formats."""

import json

import pytest

from digest_pipeline.errors import FeedError
from digest_pipeline.feeds.parsing.parse import parse_feed

URL, AUDIO = "https://show.example/feed.json", "https://cdn.example/1.mp3"


@pytest.mark.parametrize(
    ("written", "seconds"), [(3600, 3600.0), (1800.5, 1800.5), ("90", 90.0), (0, None), (None, None), ({}, None)]
)
def test_a_json_feed_says_how_long_its_episodes_are(written: object, seconds: float | None) -> None:
    attachments = [{"url": AUDIO, "mime_type": "audio/mpeg", "duration_in_seconds": written}]
    items = [{"id": "0", "title": "No audio"}, {"id": "1", "title": "First \ufffd", "attachments": attachments}]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "JSON", "items": [None, *items]}
    read = parse_feed(json.dumps(document).encode(), url=URL).items
    assert [item.duration_seconds for item in read] == [None, seconds]


def test_a_null_in_a_json_feed_loses_nothing_else() -> None:
    item = {
        "id": "1",
        "title": "First",
        "authors": [None],
        "attachments": [None, {"url": AUDIO, "mime_type": "audio/mpeg"}],
    }
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "JSON", "items": [None, item, None]}
    (first,) = parse_feed(json.dumps(document).encode(), url=URL).items
    assert (first.guid, first.audio_url) == ("1", AUDIO)
    with pytest.raises(FeedError, match="no RSS or Atom feed"):
        parse_feed(json.dumps(document | {"items": ["one"]}).encode(), url=URL)


@pytest.mark.parametrize(("written", "guid"), [(1001, "1001"), (0, "0"), (1.5, "1.5"), (["a"], "['a']"), (None, None)])
def test_an_id_that_json_writes_as_a_number_is_a_text(written: object, guid: str | None) -> None:
    items = [{"id": written, "title": "One", "content_text": "x", "attachments": [{"url": AUDIO, "mime_type": 5}]}]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "JSON", "items": items}
    (one,) = parse_feed(json.dumps(document).encode(), url=URL).items
    assert (one.guid, one.audio_url) == (guid, AUDIO)
