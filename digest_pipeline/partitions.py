"""The one partitioning of the pipeline: a partition a day, in the time zone of the settings."""

from dagster import DailyPartitionsDefinition

from digest_pipeline.settings import load_settings

_settings = load_settings()

DAILY = DailyPartitionsDefinition(start_date=_settings.first_day.isoformat(), timezone=_settings.timezone)
"""Days from ``first_day`` to yesterday: a day is complete before it is digested."""
