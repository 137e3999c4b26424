"""Past days clustered and scored anew from their stored claims, beside what was published. Nothing is paid for twice.

It happens in a copy of the database: neither tables nor readers see anything of it. In the copy each day's new choice
counts as published for the days after it, as it would have been.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from digest_pipeline.errors import DigestError
from digest_pipeline.failures import failures_of
from digest_pipeline.instance import prepare_home
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse import Warehouse
from digest_pipeline.warehouse.choice import looking, warehouse_of

CHOICE = """
select i.claim_id, i.rank, i.score, c.headline, i.why, i.why_not
from raw.scored_insights i join raw.claim_candidates c using (claim_id)
where i.digest_date = $day and (i.rank is not null or i.claim_id in (select unnest($also::varchar[])))
order by i.rank nulls last, i.claim_id
"""
PUBLISHED = "select claim_id, rank, score, headline from raw.digest_items where digest_date = ? order by rank"
PUBLISH = """
insert into raw.digest_items (digest_date, rank, claim_id, headline, explanation, quote, show_title, episode_title,
    start_seconds, end_seconds, score, components, why)
select i.digest_date, i.rank, i.claim_id, c.headline, c.explanation, c.quote, coalesce(f.title, ''), e.title,
    c.start_seconds, c.end_seconds, i.score, '{}', i.why
from raw.scored_insights i
join raw.claim_candidates c using (claim_id)
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
where i.digest_date = ? and i.rank is not null
"""


@dataclass(frozen=True, slots=True)
class Rescored:
    """A claim that was published, would be now, or both. ``None``: not chosen, or not scored any more."""

    digest_date: date
    claim_id: str
    headline: str
    published_rank: int | None
    published_score: float | None
    rank: int | None
    score: float | None
    reason: str


def rescore(days: Sequence[date], settings: Settings) -> Iterator[list[Rescored]]:
    """Replay clustering and scoring of ``days``, oldest first, with the settings of now; the comparison of each.

    Raises:
        DigestError: there is no database, a day was never run, or its replay failed.
    """
    with looking(settings) as con:  # before anything is made or copied
        _check(con, days)
    from dagster import AssetKey, DagsterInstance

    from digest_pipeline.automation import RESCORED
    from digest_pipeline.definitions import build_defs
    from digest_pipeline.resources import SettingsResource, WarehouseResource

    class _WithoutModel(SettingsResource):
        """The settings of now, but no language model gives titles to themes of a copy."""

        def load(self) -> Settings:
            return load_settings(extractor="extractive", llm_model="")

    prepare_home(settings)
    settings.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.cache, prefix="rescore-") as folder:
        copy = Warehouse(Path(folder) / "digest.duckdb")
        warehouse_of(settings).snapshot_to(copy.path)
        with copy.write() as con:
            published = {day: con.execute(PUBLISHED, [day]).fetchall() for day in days}
            con.execute("delete from raw.digest_items where digest_date >= ?", [days[0]])
        resources = {"warehouse": WarehouseResource(database=str(copy.path)), "settings": _WithoutModel()}
        job = build_defs(resources=resources).resolve_job_def("rescore_job")
        with DagsterInstance.ephemeral() as instance, (settings.home / "run.log").open("a", encoding="utf-8") as output:
            for day in days:
                with redirect_stdout(output):
                    result = job.execute_in_process(
                        partition_key=day.isoformat(),
                        asset_selection=[AssetKey(name) for name in RESCORED],  # nobody reads marts of the copy
                        instance=instance,
                        raise_on_error=False,
                        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    )
                if failures := failures_of(result.all_events):
                    raise DigestError(f"{day} cannot be scored anew: {failures[0]}")
                with copy.write() as con:
                    compared = _compare(con, day, published[day])
                    con.execute(PUBLISH, [day])
                yield compared


def _check(con: duckdb.DuckDBPyConnection, days: Sequence[date]) -> None:
    # a day without claims is published, though it has no scores
    known = "select digest_date from raw.scored_insights union select digest_date from raw.digests"
    scored = {day for (day,) in con.execute(known).fetchall()}
    if missing := [day for day in days if day not in scored]:
        said = f"scored days: {min(scored)} to {max(scored)}" if scored else "`digest run` scores days"
        raise DigestError(f"nothing is scored for {missing[0]}", remedy=said)


def _compare(
    con: duckdb.DuckDBPyConnection, day: date, published: Sequence[tuple[str, int, float, str]]
) -> list[Rescored]:
    before = {claim_id: (rank, score, headline) for claim_id, rank, score, headline in published}
    found = con.execute(CHOICE, {"day": day, "also": list(before)}).fetchall()
    now = {claim_id: rest for claim_id, *rest in found}
    rows = []
    for claim_id in [*now, *(claim_id for claim_id in before if claim_id not in now)]:
        old_rank, old_score, old_headline = before.get(claim_id, (None, None, ""))
        rank, score, headline, why, why_not = now.get(claim_id, (None, None, old_headline, "", "no claim any more"))
        rows.append(Rescored(day, claim_id, headline, old_rank, old_score, rank, score, why if rank else why_not or ""))
    return rows
