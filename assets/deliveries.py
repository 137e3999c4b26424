"""The digests that are due, sent to the subscribers."""

from datetime import UTC, datetime

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.delivery.database import open_delivery
from digest_pipeline.delivery.deliver import deliver
from digest_pipeline.delivery.ledger import tally
from digest_pipeline.delivery.report import copy_ledger
from digest_pipeline.previews import markdown_table
from digest_pipeline.resources import SettingsResource, WarehouseResource

SHOWN_ROWS = 20


@asset(
    deps=["daily_digest"],
    group_name="publish",
    kinds={"python", "sqlite", "duckdb"},
    owners=["team:digest"],
)
def deliveries(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """Every published digest that is due, to each subscriber at most once. Has no partitions: it asks what is due now.

    An old day is not due, so a backfill sends nothing. The ledger, which knows people by random ids alone, is copied to
    ``raw.deliveries``.
    """
    config, now = settings.load(), datetime.now(UTC)
    try:
        counts = deliver(config, now)
    finally:  # what was sent before a failure is shown too
        with open_delivery(config.subscribers) as ledger:
            copy_ledger(ledger, warehouse.open(), now)
            rows = tally(ledger)[:SHOWN_ROWS]
    context.log.info("deliveries: %s", ", ".join(f"{count} {what}" for what, count in counts.items()) or "nobody")
    return MaterializeResult(
        metadata={
            "sent": counts["sent"],
            "failed": counts["waiting"] + counts["refused"] + counts["unknown"] + counts["no server"],
            "skipped": counts["done"] + counts["not yet"] + counts["nothing"] + counts["bouncing"],
            "outcomes": MetadataValue.md(markdown_table(["outcome", "subscribers"], sorted(counts.items()))),
            "last_days": MetadataValue.md(markdown_table(["day", "channel", "status", "reason", "subscribers"], rows)),
        }
    )
