"""Themes of the window that ends with a day."""

from datetime import date

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.clusters import store
from digest_pipeline.clusters.cluster import cluster_claims
from digest_pipeline.clusters.identity import assign_ids
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
    embedder = get_embedder(config)
    with tables.read() as con:
        claims = store.claims_of_window(con, day, config.cluster_window_days)
        missing = store.missing_embeddings(con, claims, embedder.name)
        before, first_seen = store.themes_before(con, day)
    fresh = embedder.embed([claim.text for claim in missing])
    with tables.write() as con:
        store.save_embeddings(con, missing, fresh, embedder.name)
        vectors = store.load_vectors(con, [claim.claim_id for claim in claims], embedder.name)
    themes = cluster_claims(vectors, [claim.text for claim in claims], min_size=config.cluster_min_size)
    ids = assign_ids([[claims[i].claim_id for i in theme.members] for theme in themes], before, day)
    with tables.write() as con:
        store.save_themes(con, day, claims, themes, ids, first_seen)
    step("cluster", 1, 1, f"{len(themes)} themes of {len(claims)} claims")
    in_themes = sum(len(theme.members) for theme in themes)
    preview = sorted(((t.label, len(t.members), i in set(before.values())) for t, i in zip(themes, ids, strict=True)),
                     key=lambda row: -row[1])  # fmt: skip
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(themes),
            "claims_in_window": len(claims),
            "embedded_today": len(missing),
            "single_claim_share": round(1 - in_themes / len(claims), 3) if claims else 0.0,
            "themes": MetadataValue.md(markdown_table(["theme", "claims", "known before"], preview)),
        }
    )
