"""Prometheus metrics of a home folder, as a file for the textfile collector of its node exporter."""

from datetime import UTC, date, datetime, time

import duckdb
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from digest_pipeline.settings import Settings
from digest_pipeline.upkeep.health import Health
from digest_pipeline.warehouse.choice import warehouse_of

COUNTS = """
select
    (select count(*) from raw.feeds where disabled_reason is null and not coalesce(is_paused, false)),
    (select count(*) from raw.feeds
        where disabled_reason is null and not coalesce(is_paused, false) and consecutive_failures > 0),
    (select count(*) from raw.episodes where digest_date = $day and status = 'transcribed'),
    (select count(*) from raw.claim_candidates where digest_date = $day),
    (select count(*) from raw.claim_candidates where digest_date = $day and rejected_reason is not null),
    (select count(*) from raw.digest_items where digest_date = $day),
    (select coalesce(sum(audio_seconds), 0) from raw.transcripts join raw.episodes using (episode_id)
        where digest_date = $day and source = 'asr'),
    (select coalesce(sum(tokens_in + tokens_out), 0) from raw.llm_calls where digest_date = $day)
"""
NAMES = (
    ("digest_feeds", "Feeds that are asked."),
    ("digest_feeds_failing", "Of them, those whose last check failed."),
    ("digest_episodes", "Episodes of the last digest's day."),
    ("digest_claims", "Claim candidates of that day."),
    ("digest_claims_rejected", "Of them, those that were refused."),
    ("digest_insights_published", "Insights of the last digest."),
    ("digest_audio_seconds_transcribed", "Audio that Whisper heard for it."),
    ("digest_llm_tokens", "Tokens that language models took and gave for it."),
)


def write_metrics(con: duckdb.DuckDBPyConnection, health: Health, settings: Settings) -> None:
    """Replace the file ``metrics.prom`` of the home folder in one step."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(name, text, registry=registry).set(value)

    day = health.last_day or date.min
    for (name, text), value in zip(NAMES, con.execute(COUNTS, {"day": day}).fetchall()[0], strict=True):
        gauge(name, text, float(value))
    if health.last_day:
        midnight = datetime.combine(health.last_day, time(), settings.zone)
        gauge("digest_last_day_timestamp_seconds", "Beginning of the last digest's day.", midnight.timestamp())
    gauge("digest_written_timestamp_seconds", "When this file was written.", datetime.now(UTC).timestamp())
    gauge("digest_missing_days", "Days of the last 30 without a digest.", len(health.missing_days))
    gauge("digest_episodes_retrying", "Episodes that wait for another try.", health.retrying)
    gauge("digest_episodes_set_aside", "Episodes of the last 30 days that were given up.", health.set_aside)
    deliveries = Gauge("digest_deliveries", "Deliveries of the last 7 days, by status.", ["status"], registry=registry)
    for status, count in sorted(health.deliveries.items()):
        deliveries.labels(status).set(count)
    if health.usd is not None:
        gauge("digest_llm_usd", "What language models cost in the last 30 days.", health.usd)
    gauge("digest_database_bytes", "Size of the database.", warehouse_of(settings).size_bytes())
    write_to_textfile(str(settings.home / "metrics.prom"), registry)
