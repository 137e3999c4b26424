"""What the claims stage takes an episode's talk to be: in which language, and with times of its own or not."""

import pytest

from digest_pipeline.claims.store import talks_of, unread_episodes
from digest_pipeline.models import Episode
from digest_pipeline.warehouse import Warehouse


@pytest.mark.parametrize(
    ("own", "heard", "of_feed", "language"),
    [
        (None, "de", None, "de"),  # a feed that names no language
        (None, "de", "en-us", "de"),  # a feed that names its host's
        ("nl", "de", "en-us", "nl"),
        (None, None, "fr", "fr"),
    ],
)
def test_the_language_of_a_talk_is_what_was_heard_unless_the_operator_says_another(
    warehouse: Warehouse, own: str | None, heard: str | None, of_feed: str | None, language: str
) -> None:
    episode = Episode("ep_1", "https://x.example/feed", "Show", "Title", None, None, "", None, own or of_feed)
    with warehouse.write() as con:
        con.execute(
            "insert into raw.feeds (feed_url, title, shown_url, added_at, own_language, language)"
            " values (?, 'Show', 'x', now(), ?, ?)",
            [episode.feed_url, own, of_feed],
        )
        con.execute(
            "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, transcript_urls, description, status)"
            " values ('ep_1', ?, 'Title', now(), '[]', '', 'transcribed')",
            [episode.feed_url],
        )
        con.execute(
            "insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, text, is_ad)"
            " values ('ep_1', 0, 0, 1, 'Ja.', false)"
        )
        con.execute(
            "insert into raw.transcripts (episode_id, source, language, word_count, fingerprint, has_own_times)"
            " values ('ep_1', 'asr', ?, 1, [], false)",
            [heard],
        )
        (talk,) = talks_of(con, [episode])
        assert (talk.language, talk.has_own_times) == (language, False)
        assert unread_episodes(con, [episode], "x") == [talk]
