"""Three episodes to search in: a claim, an advertisement and some talk in each."""

from datetime import date, datetime

import duckdb
import polars as pl
import pytest

from digest_pipeline.encoder import LayeredEmbedder, get_embedder
from digest_pipeline.feeds.subscriptions import Subscription, add_feeds
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

DAY = date(2026, 9, 14)
PUBLIC, PRIVATE = "https://shows.example/feed", "https://shows.example/feed?token=secret"
# episode, feed, day, speaker, claim, and the talk after it
EPISODES = (
    ("ep_grid", PUBLIC, DAY, "Hester Amadi", "Batteries paid for themselves in six of the evening peaks.",
     "Then the café at the corner lost its power, and nobody could pay for a thing until midnight."),
    ("ep_rent", PUBLIC, date(2026, 9, 15), "Bo Marchetti", "Rents fell by nine percent where vacant homes were taxed.",
     "My neighbour keeps four flats empty because the paperwork frightens him more than the tax."),
    ("ep_mice", PRIVATE, date(2026, 9, 16), "Chidi Okafor", "Cold mice grow smaller tumours, and most cages are cold.",
     "We measured the temperature of every cage, and the ones at the edge were the worst."),
)  # fmt: skip


@pytest.fixture(scope="session")
def embedder() -> LayeredEmbedder:
    """The packaged encoder."""
    return get_embedder(Settings())


@pytest.fixture
def spoken(warehouse: Warehouse) -> Warehouse:
    """A database with the three episodes."""
    return three_episodes(warehouse)


def three_episodes(warehouse: Warehouse) -> Warehouse:
    """Three episodes of two shows, one of them private; the first claim was published and has a theme."""
    with warehouse.write() as con:
        add_feeds(
            con, [Subscription(PUBLIC, "Spinning Reserve"), Subscription(PRIVATE, "Members Only")], datetime(2026, 1, 1)
        )
        for episode, feed, day, speaker, claim, talk in EPISODES:
            add_episode(con, episode, feed, day, speaker, claim, talk)
        con.execute("create schema marts")  # what dbt would leave of it
        con.execute("create table marts.fct_claim_themes as select 'cl_ep_grid' as claim_id, 'th_1' as cluster_id")
        con.execute(
            "create table marts.dim_themes as select 'th_1' as cluster_id, 'Storage' as theme, 'Battery, peak' as label"
        )
        con.execute(
            "insert into raw.digest_items (digest_date, rank, claim_id, headline, explanation, quote, show_title,"
            " episode_title, start_seconds, end_seconds, score, components, why)"
            " values (?, 1, 'cl_ep_grid', '', '', '', '', '', 0, 1, 1, '{}', '')",
            [DAY],
        )
    return warehouse  # fmt: skip


def add_episode(
    con: duckdb.DuckDBPyConnection, episode: str, feed: str, day: date, speaker: str, claim: str, talk: str
) -> None:
    """An episode with its segments and its claim."""
    con.execute(
        "insert into raw.episodes (episode_id, feed_url, title, first_seen_at, digest_date, audio_url, link,"
        " transcript_urls, description, status) values (?, ?, ?, ?, ?, ?, ?, '[]', '', 'transcribed')",
        [
            episode,
            feed,
            f"About {episode}",
            day,
            day,
            f"https://audio.example/{episode}.mp3",
            "https://shows.example/page",
        ],
    )
    con.execute(
        "insert into raw.transcripts (episode_id, source, language, word_count, fingerprint) values (?, 'publisher', 'en', 9, [])",
        [episode],
    )
    con.execute(
        "insert into raw.claim_candidates (claim_id, episode_id, digest_date, headline, explanation, quote, speaker,"
        " start_seconds, end_seconds, first_position, last_position, worthiness, is_ad, extractor)"
        " values (?, ?, ?, ?, '', ?, ?, 10, 20, 0, 0, 0.5, false, 'extractive')",
        [f"cl_{episode}", episode, day, claim, claim, speaker],
    )
    segments = [
        (0, 10, 20, claim, False),
        (1, 20, 30, "Use promo code SHOW for a free trial of the mattress, dear listeners.", True),
        (2, 62.5, 70, talk, False),
    ]
    for position, start, end, text, is_ad in segments:
        con.execute("insert into raw.transcript_segments (episode_id, position, start_seconds, end_seconds, speaker, text, is_ad)"
                " values (?, ?, ?, ?, ?, ?, ?)", [episode, position, start, end, speaker, text, is_ad])  # fmt: skip


def ids(answers: pl.DataFrame) -> list[str]:
    """Claims by id, talk by its episode."""
    return [row["id"] or f"talk of {row['episode_id']}" for row in answers.to_dicts()]
