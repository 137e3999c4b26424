"""``digest why``: why a claim was chosen or refused, and which ones a day had to choose from."""

from datetime import date
from typing import Annotated, Any

import duckdb
import typer
from rich.markup import escape
from rich.table import Column, Table

from digest_pipeline.cli.console import out, parse_day
from digest_pipeline.encoder import embedder_name
from digest_pipeline.errors import DigestError
from digest_pipeline.publishing.render import clock
from digest_pipeline.scoring.components import ADJUSTMENTS, COMPONENTS, adjusted_score
from digest_pipeline.scoring.verdict_store import opinion_of_now, verdict_on, votes_on
from digest_pipeline.scoring.verdicts import SAID
from digest_pipeline.settings import Settings, load_settings
from digest_pipeline.warehouse.choice import looking

ROUNDED = 0.0005  # scores closer than this are shown alike

WHY = """
select c.*, coalesce(f.title, f.shown_url) as show_title, e.title as episode_title, i.score, i.rank, i.why, i.why_not,
    i.worthiness as worthiness_component, i.clarity, i.novelty, i.specificity, i.corroboration, i.momentum,
    i.verdicts, i.recency, coalesce(f.weight, 1) as feed_weight,
    coalesce(t.title, t.label) as theme, p.digest_date as published_on, p.rank as published_rank,
    p.retracted_on, p.retraction,
    coalesce(d.n_items, 0) > 0 as has_digest
from raw.claim_candidates c
join raw.episodes e using (episode_id)
left join raw.feeds f using (feed_url)
left join raw.scored_insights i using (claim_id)
left join raw.embedding_clusters t on t.cluster_id = i.cluster_id and t.digest_date = i.digest_date
left join raw.digest_items p on p.claim_id = c.claim_id
left join raw.digests d on d.digest_date = c.digest_date
where c.claim_id = ?
"""

DAY = """
select c.claim_id, i.rank, i.score, c.headline, coalesce(i.why_not, c.rejected_reason) as reason
from raw.claim_candidates c
left join raw.scored_insights i using (claim_id)
where c.digest_date = ?
order by i.rank nulls last, i.score desc nulls last, c.worthiness desc, c.claim_id
"""


def why(
    claim_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A claim's id. Without one: a day's claims, best first.")
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_day, metavar="DAY", help="Its claims; default: the latest.")
    ] = None,
) -> None:
    """Explain why a claim was chosen or not: quote, components, reasons. Without an ID: all claims of a day."""
    if claim_id and day:
        raise typer.BadParameter("a claim's id says its day: leave --date out")
    settings = load_settings()
    with looking(settings) as con:
        if claim_id is None:
            _explain_day(con, day)
        else:
            _explain(con, claim_id, settings)


def _explain_day(con: duckdb.DuckDBPyConnection, day: date | None) -> None:
    known = [d for (d,) in con.execute("select distinct digest_date from raw.claim_candidates order by 1").fetchall()]
    wanted = day or max(known, default=None)
    if wanted not in known:
        said = f"days with claims: {known[0]} to {known[-1]}" if known else "`digest run` finds them"
        raise DigestError(f"there are no claims of {wanted or 'any day'}", remedy=said)
    table = Table(Column("claim", no_wrap=True), "rank", "score", "headline", "why not", title=str(wanted))
    for claim, rank, score, headline, reason in con.execute(DAY, [wanted]).fetchall():
        shown = "" if score is None else f"{score:.2f}"
        table.add_row(claim, str(rank or ""), shown, escape(headline), escape(reason or ""))
    out.print(table)


def _explain(con: duckdb.DuckDBPyConnection, claim_id: str, settings: Settings) -> None:
    cursor = con.execute(WHY, [claim_id])
    names = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    verdict = verdict_on(con, claim_id)
    if not rows:
        raise DigestError(f"there is no claim {claim_id}", remedy="`digest why --date DAY` lists those of a day")
    row: dict[str, Any] = dict(zip(names, rows[0], strict=True))
    out.print(f"[bold]{escape(row['headline'])}[/]")
    place = f"{row['speaker'] + ', ' if row['speaker'] else ''}{row['show_title']}, “{row['episode_title']}”"
    out.print(f"{escape(place)}, {clock(row['start_seconds'])}–{clock(row['end_seconds'])}, {row['digest_date']}")
    out.print(f"\n“{escape(row['quote'])}”\n")
    if verdict:
        note = f": {verdict.note}" if verdict.note else ""
        out.print(f"Verdict of {verdict.given_at:%Y-%m-%d}: {SAID[verdict.kind]}{escape(note)}")
    if votes := votes_on(con, claim_id):
        out.print(f"Readers: {votes.worth} found it worth their time, {votes.not_worth} did not.")
    is_of_later_run = row["has_digest"] and row["published_rank"] != row["rank"]  # what readers have seen stays
    if row["retracted_on"]:
        out.print(f"[red]Retracted[/] on {row['retracted_on']}: {escape(row['retraction'])}")
    if row["published_on"] and is_of_later_run:
        out.print(f"[green]Published[/] as number {row['published_rank']} of the digest of {row['published_on']}.")
    if row["rejected_reason"]:
        out.print(f"[red]Refused as a candidate:[/] {escape(row['rejected_reason'])}")
        return
    if row["score"] is None:
        out.print("Not scored yet: its day has not been run to the end.")
        return
    out.print(f"{_outcome(row, is_of_later_run)}. {escape(row['why'])}")
    if row["why_not"]:
        out.print(f"[yellow]Because[/] {escape(row['why_not'])}.")
    table = Table("component", "value", "weight")
    weights = settings.score_weights.model_dump()
    values = {name: row[name] for name in (*COMPONENTS, *ADJUSTMENTS)} | {"worthiness": row["worthiness_component"]}
    for name in COMPONENTS:
        table.add_row(name, f"{values[name]:.3f}", f"{weights[name] / sum(weights.values()):.2f}")
    if row["feed_weight"] != 1:
        table.add_row("weight of the show", "", f"×{row['feed_weight']:g}")
    table.add_row("verdicts (0.5: none)", f"{row['verdicts']:.3f}", f"±{settings.verdict_weight:.2f}")
    table.add_row("recency", f"{row['recency']:.3f}", f"-{settings.recency_weight:.2f}")
    table.add_row("[bold]score[/]", f"[bold]{row['score']:.3f}[/]", "")
    out.print(table)
    _remark(con, row, values, settings)


def _remark(con: duckdb.DuckDBPyConnection, row: dict[str, Any], values: dict[str, float], settings: Settings) -> None:
    """What the table of components leaves open."""
    would_be = adjusted_score(values, row["feed_weight"], settings)
    if abs(would_be - row["score"]) >= ROUNDED:
        out.print(f"It was scored under other settings: with these weights its score would be {would_be:.3f}.")
    opinion = opinion_of_now(con, row["claim_id"], settings, embedder_name(settings))
    if (said := opinion.bar or opinion.evidence) and said != row["why_not"]:
        out.print(f"Verdicts of now: {escape(said)}.")
    if row["theme"]:
        out.print(f"Theme: {escape(row['theme'])}")


def _outcome(row: dict[str, Any], is_of_later_run: bool) -> str:
    if not row["rank"]:
        return f"[yellow]Not chosen{' any more' * bool(row['published_on'])}[/]"
    if is_of_later_run:
        return f"[yellow]Number {row['rank']} by now[/], but the digest of {row['digest_date']} is as it was published"
    return f"[green]Number {row['rank']} of the digest[/]"
