"""Which pages a day's digest touches: a number that does not grow with the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True, slots=True)
class Touched:
    """Pages that may have changed. ``months`` are their first days."""

    days: tuple[date, ...]
    insights: tuple[str, ...]
    themes: tuple[str, ...]
    months: tuple[date, ...]


INSIGHTS_TOUCHED = """
with new as (select claim_id from raw.digest_items where digest_date in (select unnest($days::date[])))
select claim_id from new
union select r.related_id from new join raw.related_insights r using (claim_id)
order by 1
"""
# A theme's page changes when a day publishes an insight of it, and when the day's window brings it a claim or takes one
# away, as a rerun does: what was taken away is no row any more, so every theme near the day counts.
THEMES_TOUCHED = """
with near as (
    select min(digest_date - window_days) as first_day, max(digest_date + window_days) as last_day
    from raw.cluster_days where digest_date in (select unnest($days::date[]))
)
select theme_id from raw.digest_items where digest_date in (select unnest($days::date[])) and theme_id is not null
union
select m.cluster_id
from near join raw.cluster_members m on m.digest_date between near.first_day and near.last_day
semi join raw.digest_items i on i.theme_id = m.cluster_id
order by 1
"""


def touched_by(con: duckdb.DuckDBPyConnection, new: Sequence[date], all_days: Sequence[date]) -> Touched:
    """What the digests of the days ``new`` touch; with all days, everything there is.

    Days beside a new one link to it. The insights are the new ones and their relatives, so at most six for each new
    one, however long the archive.
    """
    places = {all_days.index(day) for day in new}
    beside = sorted({p + step for p in places for step in (-1, 0, 1) if 0 <= p + step < len(all_days)})
    values = {"days": list(new)}
    return Touched(
        days=tuple(all_days[place] for place in beside),
        insights=tuple(row[0] for row in con.execute(INSIGHTS_TOUCHED, values).fetchall()),
        themes=tuple(row[0] for row in con.execute(THEMES_TOUCHED, values).fetchall()),
        months=tuple(sorted({day.replace(day=1) for day in new})),
    )
