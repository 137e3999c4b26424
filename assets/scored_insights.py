"""Scores of a day's claims, and the five."""

from collections import Counter, defaultdict
from datetime import date

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.clusters.store import load_vectors
from digest_pipeline.encoder import get_embedder
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.progress import step
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.scoring import store
from digest_pipeline.scoring.components import COMPONENTS, components_of
from digest_pipeline.scoring.select import select_insights


@asset(
    deps=["embedding_clusters"],
    partitions_def=DAILY,
    group_name="insights",
    kinds={"python", "duckdb"},
    owners=["team:digest"],
)
def scored_insights(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """Every usable claim of the day with its score, its components, and why it was chosen or not."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    model = get_embedder(config).name
    with tables.read() as con:
        claims = store.claims_of_window(con, day, config.cluster_window_days)
        today = [claim for claim in claims if claim.digest_date == day]
        before = [claim for claim in claims if claim.digest_date < day]
        today_vectors = load_vectors(con, [claim.claim_id for claim in today], model)
        before_vectors = load_vectors(con, [claim.claim_id for claim in before], model)
        published = store.published_before(con, day, config.cluster_window_days, model)
    theme_days: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for claim in claims:
        if claim.cluster_id:
            theme_days[claim.cluster_id][claim.digest_date] += 1
    components = components_of(today, today_vectors, before, before_vectors, theme_days, day)
    insights = select_insights(today, today_vectors, components, published, config)
    with tables.write() as con:
        store.save_insights(con, day, insights)
    step("score", 1, 1, f"{sum(i.rank is not None for i in insights)} of {len(insights)} claims chosen")
    headlines = {claim.claim_id: claim.headline for claim in today}
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(insights),
            "chosen": sum(insight.rank is not None for insight in insights),
            "insights": MetadataValue.md(
                markdown_table(
                    ["rank", "score", *COMPONENTS, "headline", "why not"],
                    [
                        (i.rank, i.score, *(i.components[c] for c in COMPONENTS), headlines[i.claim_id], i.why_not)
                        for i in insights
                    ],
                )
            ),
        },
    )
