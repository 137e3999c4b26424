"""The digest of a day, published once."""

from datetime import date, timedelta

from dagster import AssetExecutionContext, AssetKey, FreshnessPolicy, MaterializeResult, MetadataValue, asset

from digest_pipeline.partitions import DAILY
from digest_pipeline.progress import step
from digest_pipeline.publishing import store
from digest_pipeline.publishing.render import content_hash, to_markdown
from digest_pipeline.publishing.site import write_site
from digest_pipeline.resources import SettingsResource, WarehouseResource


@asset(
    deps=["scored_insights", AssetKey(["marts", "daily_top_insights"])],
    partitions_def=DAILY,
    group_name="publish",
    kinds={"python", "duckdb", "html"},
    owners=["team:digest"],
    freshness_policy=FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)),
)
def daily_digest(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """The top insights of the day as a page, Markdown and JSON. What was published once is not published again."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    with tables.write() as con:
        chosen = store.chosen_digest(con, day)
        digest = store.record_digest(con, chosen)
        is_new = store.start_delivery(con, digest, store.SITE, str(config.site))
        days = store.published_days(con)
    with tables.read() as con:
        changed = write_site(config.site, lambda d: store.published_digest(con, d), day, days, title=config.site_title)
    with tables.write() as con:
        store.finish_delivery(con, digest, store.SITE, str(config.site))
    tables.snapshot_to(config.snapshot)
    step("publish", 1, 1, f"{len(digest.items)} insights for {day}")
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(digest.items),
            "digest": MetadataValue.md(to_markdown(digest)),
            "page": MetadataValue.path(config.site / "days" / f"{day}.html"),
            "files_changed": len(changed),
            "newly_published": is_new,
            "differs_from_published": content_hash(chosen) != content_hash(digest),
        }
    )
