"""Themes of the window that ends with a day."""

from datetime import date

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.clusters.day import cluster_day
from digest_pipeline.compute import get_pool
from digest_pipeline.encoder import get_embedder
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.progress import step
from digest_pipeline.resources import SettingsResource, WarehouseResource


@asset(
    deps=["claim_candidates"],
    partitions_def=DAILY,
    group_name="insights",
    kinds={"python", "duckdb", "hdbscan"},
    owners=["team:digest"],
)
def embedding_clusters(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """Claims across shows and days that speak of the same: embedded once, clustered daily, ids that last."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    found = cluster_day(tables, get_embedder(config, get_pool(config)), day, config, context.run.run_id)
    step("cluster", 1, 1, f"{len(found.themes)} themes of {len(found.claims)} claims")
    largest = sorted(found.themes, key=lambda named: (-len(named.theme.members), named.cluster_id))
    titles = found.titles
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(found.themes),
            "claims_in_window": len(found.claims),
            "embedded_today": found.embedded,
            "noise_share": found.noise_share,
            "themes": MetadataValue.md(
                markdown_table(
                    ["theme", "keywords", "claims", "trend", "known before"],
                    [
                        (n.title.text, ", ".join(n.keywords), len(n.theme.members), n.trend.trend, not n.is_new)
                        for n in largest
                    ],
                )
            ),
            "events": MetadataValue.md(
                markdown_table(
                    ["event", "theme", "others"],
                    [
                        (e.event, titles.get(e.cluster_id, e.cluster_id), "; ".join(titles.get(i, i) for i in e.others))
                        for e in found.events
                    ],
                )
            ),
        }
    )
