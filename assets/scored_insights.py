"""Scores of a day's claims, and the five."""

from collections import Counter
from datetime import date

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.clusters.claims import load_vectors
from digest_pipeline.delivery.votes import count_votes
from digest_pipeline.encoder import embedder_name
from digest_pipeline.errors import SubscribersDamaged
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.progress import step
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.scoring import store
from digest_pipeline.scoring.components import ADJUSTMENTS, COMPONENTS, components_of
from digest_pipeline.scoring.relations import CONTRADICTS, relations_of, updates_of
from digest_pipeline.scoring.select import select_insights
from digest_pipeline.scoring.verdict_store import judged_claims, keep_votes
from digest_pipeline.scoring.verdicts import ReaderVotes, Verdict, opinions_of
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse

NAMES = (*COMPONENTS, *ADJUSTMENTS)


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
    model = embedder_name(config)
    _take_votes(context, tables, config)
    with tables.read() as con:
        claims = store.claims_of_window(con, day, config.cluster_window_days, config.zone, model)
        vectors = load_vectors(con, [claim.claim_id for claim in claims], model)
        growth = store.growth_of_themes(con, day)
        published = store.published_before(con, day, model)
        sent = store.claims_sent_long_ago(con, day, config.cluster_window_days, config.zone, model)
        sent_vectors = load_vectors(con, [claim.claim_id for claim in sent], model)
        judged = judged_claims(con, model)
    first = sum(claim.digest_date < day for claim in claims)  # the oldest come first
    before, before_vectors, today, today_vectors = claims[:first], vectors[:first], claims[first:], vectors[first:]
    relations = relations_of(today, today_vectors, claims, vectors)
    for claim_id, updates in updates_of(today, today_vectors, sent, sent_vectors).items():
        relations.setdefault(claim_id, []).extend(updates)
    opinions = opinions_of(today, today_vectors, judged, config.max_similarity)
    components = components_of(today, today_vectors, before, before_vectors, relations, growth, opinions)
    insights = select_insights(today, today_vectors, components, published, config)
    with tables.write() as con:
        store.save_insights(con, day, insights)
        store.save_relations(con, day, relations)
    step("score", 1, 1, f"{sum(i.rank is not None for i in insights)} of {len(insights)} claims chosen")
    by_id = {claim.claim_id: claim for claim in today}
    opposed = [(by_id[i].quote, r.other.quote, r.reason) for i, rs in relations.items() for r in rs
               if r.relation == CONTRADICTS]  # fmt: skip
    return MaterializeResult(
        metadata={
            "dagster/row_count": len(insights),
            "chosen": sum(insight.rank is not None for insight in insights),
            "verdicts": sum(isinstance(one, Verdict) for one in judged.judgements),
            "reader_votes": sum(one.total for one in judged.judgements if isinstance(one, ReaderVotes)),
            "relations": dict(Counter(r.relation for found in relations.values() for r in found)),
            "may_contradict": MetadataValue.md(markdown_table(["quote", "other quote", "who and when"], opposed)),
            "insights": MetadataValue.md(
                markdown_table(
                    ["rank", "score", *NAMES, "headline", "why not", "claim"],
                    [
                        (
                            i.rank,
                            i.score,
                            *(i.components[c] for c in NAMES),
                            by_id[i.claim_id].headline,
                            i.why_not,
                            i.claim_id,
                        )
                        for i in insights
                    ],
                )
            ),
        },
    )


def _take_votes(context: AssetExecutionContext, tables: Warehouse, config: Settings) -> None:
    """Count how readers voted until now. Where their file is damaged, what was counted before stays: a day goes on."""
    try:
        counted = count_votes(config.subscribers)
    except SubscribersDamaged as error:
        context.log.warning(f"readers' votes of before count, for {error}")
        return
    if counted:
        with tables.write() as con:
            keep_votes(con, *counted)
