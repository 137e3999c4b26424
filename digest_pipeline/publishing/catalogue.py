"""What the pages of the site show, read from the warehouse."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from digest_pipeline.models import DigestItem
from digest_pipeline.publishing.plot import Timeline, timeline
from digest_pipeline.publishing.render import other_language
from digest_pipeline.publishing.store import ITEM_COLUMNS, read_item, retractions

MOST_LATER = 10  # newest insights that a page names of those that found it related
MOST_OF_THEME = 100


@dataclass(frozen=True, slots=True)
class Mention:
    """An insight where another page names it."""

    claim_id: str
    day: date
    headline: str
    speaker: str | None
    show: str
    theme: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class InsightPage:
    """A published insight with its relatives: ``earlier`` as found at its publication, ``later`` the newest first."""

    item: DigestItem
    day: date
    earlier: tuple[Mention, ...]
    later: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class ThemePage:
    """A theme: its newest published insights, how many there are, and ``plot`` of all its claims, published or not."""

    theme_id: str
    name: str
    published: int
    insights: tuple[Mention, ...]
    plot: Timeline


@dataclass(frozen=True, slots=True)
class ThemeLine:
    """A theme in the list of themes."""

    theme_id: str
    name: str
    insights: int
    latest: date


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day in the archive, with its first headline; ``None`` where it has no insight."""

    day: date
    lead: str | None
    language: str | None = None


MENTION = "claim_id, digest_date, headline, speaker, show_title, theme, language"
RELATIVES = """
select r.claim_id, true, r.similarity, i.claim_id, i.digest_date, i.headline, i.speaker, i.show_title, i.theme,
    i.language
from raw.related_insights r join raw.digest_items i on i.claim_id = r.related_id
where r.claim_id in (select unnest($ids::varchar[])) and i.retracted_at is null
union all
select r.related_id, false, r.similarity, i.claim_id, i.digest_date, i.headline, i.speaker, i.show_title, i.theme,
    i.language
from raw.related_insights r
join raw.digest_items i on i.claim_id = r.claim_id
join raw.digest_items own on own.claim_id = r.related_id
where r.related_id in (select unnest($ids::varchar[])) and i.digest_date > own.digest_date
    and i.retracted_at is null
order by 3 desc, 4
"""
# What was published of a theme counts too where another clustering has left it out since.
THEME_DAYS = """
select theme_id, digest_date, count(distinct claim_id)
from (
    select m.cluster_id as theme_id, c.digest_date, m.claim_id
    from raw.cluster_members m join raw.claim_candidates c using (claim_id)
    union all select theme_id, digest_date, claim_id from raw.digest_items
)
where theme_id in (select unnest($ids::varchar[])) group by 1, 2
"""
THEME_LINES = """
select theme_id, arg_max(theme, (digest_date, -rank)), count(*), max(digest_date)
from raw.digest_items where theme_id is not null and retracted_at is null group by 1 order by 4 desc, 2, 1
"""


def insight_pages(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str]) -> Iterator[InsightPage]:
    """The pages of these insights."""
    earlier: defaultdict[str, list[Mention]] = defaultdict(list)
    later: defaultdict[str, list[Mention]] = defaultdict(list)
    for claim_id, is_earlier, _, *mention in con.execute(RELATIVES, {"ids": list(claim_ids)}).fetchall():
        (earlier if is_earlier else later)[claim_id].append(Mention(*mention))
    rows = con.execute(
        f"select digest_date, {ITEM_COLUMNS} from raw.digest_items"  # noqa: S608 - column names
        " where claim_id in (select unnest(?::varchar[])) and retracted_at is null order by digest_date, rank",
        [list(claim_ids)],
    ).fetchall()
    taken_back_from = {(one.show, one.episode) for one in retractions(con)}
    for day, *row in rows:
        item = read_item(row)
        if (item.show, item.episode) in taken_back_from:  # what was said around may hold what was taken back
            item = replace(item, said_before=None, said_after=None)
        newest = sorted(later[item.claim_id], key=lambda m: m.day, reverse=True)[:MOST_LATER]
        yield InsightPage(item, day, tuple(earlier[item.claim_id]), tuple(newest))


def theme_pages(con: duckdb.DuckDBPyConnection, theme_ids: Sequence[str]) -> Iterator[ThemePage]:
    """The pages of these themes; a theme is called what its newest published insight calls it."""
    counts: defaultdict[str, dict[date, int]] = defaultdict(dict)
    for theme_id, day, claims in con.execute(THEME_DAYS, {"ids": list(theme_ids)}).fetchall():
        counts[theme_id][day] = claims
    insights: defaultdict[str, list[Mention]] = defaultdict(list)
    rows = con.execute(
        f"select theme_id, {MENTION} from raw.digest_items"  # noqa: S608 - column names
        " where theme_id in (select unnest(?::varchar[])) and retracted_at is null order by digest_date desc, rank",
        [list(theme_ids)],
    ).fetchall()
    for theme_id, *mention in rows:
        insights[theme_id].append(Mention(*mention))
    for theme_id, mentions in insights.items():
        newest = tuple(mentions[:MOST_OF_THEME])
        yield ThemePage(theme_id, mentions[0].theme or theme_id, len(mentions), newest, timeline(counts[theme_id]))


def theme_lines(con: duckdb.DuckDBPyConnection) -> list[ThemeLine]:
    """All themes that were published, the latest first."""
    return [ThemeLine(*row) for row in con.execute(THEME_LINES).fetchall()]


def search_entries(con: duckdb.DuckDBPyConnection, first: date, end: date) -> list[tuple[str, ...]]:
    """What a search finds of the insights from ``first`` to the day before ``end``, oldest first; see search.js."""
    rows = con.execute(
        "select claim_id, digest_date::varchar, headline, explanation, quote, coalesce(speaker, ''), show_title,"
        " coalesce(theme, ''), coalesce(theme_id, ''), language"
        " from raw.digest_items where digest_date >= ? and digest_date < ? and retracted_at is null"
        " order by digest_date, rank",
        [first, end],
    ).fetchall()
    return [(*row[:-1], other_language(row[-1]) or "") for row in rows]


def days_of_year(con: duckdb.DuckDBPyConnection, year: int) -> list[DayLine]:
    """The published days of a year, newest first."""
    rows = con.execute(
        "select d.digest_date, i.headline, i.language from raw.digests d"
        " left join raw.digest_items i on i.digest_date = d.digest_date and i.retracted_at is null"
        " where d.digest_date between make_date(?, 1, 1) and make_date(?, 12, 31)"
        " qualify row_number() over (partition by d.digest_date order by i.rank) = 1 order by 1 desc",
        [year, year],
    ).fetchall()
    return [DayLine(*row) for row in rows]
