"""Claim candidates of a day's transcripts."""

from collections import Counter
from datetime import date

from dagster import AssetCheckResult, AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset

from digest_pipeline.claims import store
from digest_pipeline.claims.choose import get_extractor
from digest_pipeline.claims.llm.extract import LlmExtractor
from digest_pipeline.claims.llm.rewording import reword_best
from digest_pipeline.claims.llm.rewrite import Rewriter
from digest_pipeline.claims.reading import read_talks
from digest_pipeline.evaluation.evaluate import verdict_of
from digest_pipeline.feeds.store import episodes_of_day
from digest_pipeline.llm import spending
from digest_pipeline.partitions import DAILY
from digest_pipeline.previews import markdown_table
from digest_pipeline.progress import step
from digest_pipeline.resources import SettingsResource, WarehouseResource
from digest_pipeline.settings import load_settings
from digest_pipeline.transcripts.store import load_segments

CHECKS = [
    AssetCheckSpec(
        "claims_beat_the_baselines",
        asset="claim_candidates",
        description="On the labelled episodes of eval_labels the ranking beats every baseline at p@5.",
    )
] * bool(load_settings().eval_labels)


@asset(
    deps=["transcripts"],
    partitions_def=DAILY,
    group_name="insights",
    kinds={"python", "duckdb"},
    owners=["team:digest"],
    check_specs=CHECKS,
)
def claim_candidates(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> MaterializeResult:
    """Self-contained claims, each with its verbatim quote, speaker and time; refused ones keep their reason."""
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    extractor = get_extractor(config, tables, day, context.run.run_id)
    with tables.read() as con:
        episodes = episodes_of_day(con, day, ("transcribed",))
        unread = store.unread_episodes(con, episodes, extractor.key)
    if isinstance(extractor, LlmExtractor):
        extractor.prepare((episode, load_segments(tables, episode.episode_id)) for episode in unread)
    talks = ((episode, load_segments(tables, episode.episode_id)) for episode in unread)
    read = zip(unread, read_talks(extractor, talks, config), strict=True)
    for done, (episode, (extraction, seconds)) in enumerate(read, start=1):
        with tables.write() as con:
            store.save_extraction(
                con,
                episode,
                day,
                extraction,
                extractor_key=extractor.key,
                compute_seconds=seconds,
            )
        step("extract claims", done, len(unread), f"{episode.show} · {episode.title}")
    if isinstance(extractor, Rewriter):
        rewordings = reword_best(tables, extractor, episodes, day, config)
        step(
            "word claims", 1, 1, f"{sum(r.reworded is not None for r in rewordings)} of the best by {config.llm_model}"
        )
    measured = [verdict_of(config, tables, day, context.run.run_id) for _ in CHECKS]
    with tables.read() as con:
        rows = store.candidates_of_day(con, day)
        asked = spending.spending_of_day(con, day)
        by_episode, outcomes = spending.spending_of_episodes(con, day), spending.outcomes_of_day(con, day)
    refused = Counter(reason.split(":")[0].split(" 0.")[0] for *_, reason in rows if reason)
    usable = [row for row in rows if not row[-1]]
    return MaterializeResult(
        check_results=[AssetCheckResult(passed=passed, metadata=figures) for passed, figures in measured],
        metadata={
            "dagster/row_count": len(rows),
            "usable": len(usable),
            "refused": MetadataValue.md(markdown_table(["reason", "candidates"], refused.most_common())),
            "llm_calls": asked.calls,
            "llm_tokens": asked.tokens,
            "llm_usd": asked.usd if asked.usd is not None else "unknown",
            "llm_replies": MetadataValue.md(markdown_table(["reply", "calls"], outcomes)),
            "llm_by_episode": MetadataValue.md(
                markdown_table(
                    ["episode", "calls", "tokens in", "of them cached", "tokens out", "USD"],
                    [(name, s.calls, s.tokens_in, s.tokens_cached, s.tokens_out, s.usd) for name, s in by_episode],
                )
            ),
            "candidates": MetadataValue.md(
                markdown_table(["show", "worthiness", "headline", "refused"], [row[1:] for row in rows])
            ),
        },
    )
