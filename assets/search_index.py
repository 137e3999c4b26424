"""The search index, brought up to what the day added."""

from datetime import date
from functools import partial

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.compute import get_pool
from digest_pipeline.encoder import get_embedder
from digest_pipeline.partitions import DAILY
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.search import update_index


@asset(
    deps=["daily_digest"],
    partitions_def=DAILY,
    group_name="publish",
    kinds={"python", "sqlite"},
    owners=["team:digest"],
)
def search_index(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """What `digest search` looks in: words and meanings of the day's claims and talk, and of episodes that lack there.

    It comes last, so that a day is published before it can be searched, and never waits for an index to be built.
    """
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    pool = get_pool(config)
    report = update_index(
        config.search_index, tables.read, get_embedder(config, pool), day, partial(get_punctuator, config, pool=pool)
    )
    return MaterializeResult(
        metadata={
            "dagster/row_count": report.passages,
            "episodes": report.episodes,
            "episodes_removed": report.removed,
            "file": MetadataValue.path(config.search_index),
        }
    )
