"""The digest of a day, published once, unless a rule of the house holds it back."""

from collections.abc import Iterator
from datetime import date, timedelta

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    asset,
)

from digest_pipeline.partitions import DAILY
from digest_pipeline.progress import step
from digest_pipeline.publishing.publish import build, judge, record
from digest_pipeline.publishing.render import to_markdown
from digest_pipeline.publishing.rules import RULES
from digest_pipeline.resources import SettingsResource, WarehouseResource


@asset(
    deps=["scored_insights", AssetKey(["marts", "daily_top_insights"])],
    partitions_def=DAILY,
    group_name="publish",
    kinds={"python", "duckdb", "html"},
    owners=["team:digest"],
    freshness_policy=FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)),
    check_specs=[
        AssetCheckSpec(rule, asset="daily_digest", description=text, blocking=True) for rule, text in RULES.items()
    ],
)
def daily_digest(
    context: AssetExecutionContext, warehouse: WarehouseResource, settings: SettingsResource
) -> Iterator[AssetCheckResult | MaterializeResult]:
    """The top insights of the day as pages, feeds, Markdown and JSON. What was published once is not published again.

    The rules are held against the digest first: when it breaks one, the step fails before anything is recorded or
    written, and nothing downstream runs.
    """
    config, tables, day = settings.load(), warehouse.open(), date.fromisoformat(context.partition_key)
    with tables.read() as con:
        verdict = judge(con, day, config)
    for rule, claim_ids in verdict.broken.items():
        yield AssetCheckResult(
            check_name=rule, passed=not claim_ids, metadata={"claims": ", ".join(claim_ids) or "none"}
        )
    with tables.write() as con:
        is_new = record(con, verdict, config)
    changed = build(tables, day, config)
    tables.leave_snapshot(config.snapshot)
    page = config.site / "days" / f"{day}.html"
    step("publish", 1, 1, f"{len(verdict.digest.items)} insights for {day}")
    yield MaterializeResult(
        metadata={
            "dagster/row_count": len(verdict.digest.items),
            "digest": MetadataValue.md(to_markdown(verdict.digest)),
            "page": MetadataValue.url(f"{config.site_url}days/{day}.html" if config.site_url else page.as_uri()),
            "file": MetadataValue.path(page),
            "files_changed": len(changed),
            "changed": ", ".join(str(path.relative_to(config.site)) for path in changed[:20]) or "none",
            "newly_published": is_new,
            "differs_from_published": verdict.differs_from_published,
        }
    )
