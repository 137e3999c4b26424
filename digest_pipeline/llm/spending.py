"""What a day and its episodes asked of language models, from the books, for those who look."""

from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls of a day or an episode. ``usd`` is ``None`` when any of them has an unknown price."""

    calls: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    usd: float | None

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.tokens_in + self.tokens_out


SUMS = (
    "count(*), coalesce(sum(tokens_in), 0)::bigint, coalesce(sum(tokens_out), 0)::bigint,"
    " coalesce(sum(tokens_cached), 0)::bigint,"
    " case when count(*) = count(usd) then coalesce(sum(usd), 0) end"
)


def spending_of_day(con: duckdb.DuckDBPyConnection, day: date) -> Spending:
    """What a day's digest asked of language models."""
    return Spending(*con.execute(f"select {SUMS} from raw.llm_calls where digest_date = ?", [day]).fetchall()[0])  # noqa: S608


def spending_of_episodes(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, Spending]]:
    """(show and episode, spending) of a day, most tokens first."""
    rows = con.execute(
        f"select any_value(coalesce(f.title, f.shown_url) || ' · ' || e.title), {SUMS} from raw.llm_calls c"  # noqa: S608
        " join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where c.digest_date = ? group by c.episode_id order by sum(tokens_in + tokens_out) desc, 1",
        [day],
    ).fetchall()
    return [(name, Spending(*numbers)) for name, *numbers in rows]


def outcomes_of_day(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, int]]:
    """(outcome, calls) of a day, replies kept from earlier left out."""
    return con.execute(
        "select outcome, count(*) from raw.llm_calls where digest_date = ? and not cached"
        " group by 1 order by 2 desc, 1",
        [day],
    ).fetchall()
