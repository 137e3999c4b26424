"""What the claims stage keeps: candidates, their rewordings, and which extractor read which episode."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date

import duckdb
import polars as pl

from digest_pipeline.claims.extractor import Extraction
from digest_pipeline.claims.llm.rewrite import Rewording
from digest_pipeline.models import ClaimCandidate, Episode

COLUMNS = tuple(field.name for field in fields(ClaimCandidate))
REPLACED = "replaced: kept for the verdict on it"


def talks_of(con: duckdb.DuckDBPyConnection, episodes: Sequence[Episode]) -> list[Episode]:
    """The episodes whose transcript is there, with the language that it is in and what its times are worth.

    What was heard or declared of the talk tells its language better than the feed does, which may name none, or that
    of its host's form; what the operator says of a feed stands above both.
    """
    rows = con.execute(
        "select distinct s.episode_id, coalesce(f.own_language, t.language), coalesce(t.has_own_times, true)"
        " from raw.transcript_segments s left join raw.transcripts t using (episode_id)"
        " left join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where s.episode_id in (select unnest(?))",
        [[episode.episode_id for episode in episodes]],
    ).fetchall()
    languages = {episode_id: language for episode_id, language, _ in rows}
    has_own_times = {episode_id: has for episode_id, _, has in rows}
    return [
        replace(episode, language=languages[name] or episode.language, has_own_times=has_own_times[name])
        for episode in episodes
        if (name := episode.episode_id) in languages
    ]


def unread_episodes(con: duckdb.DuckDBPyConnection, episodes: Sequence[Episode], extractor_key: str) -> list[Episode]:
    """The ``talks_of`` episodes that this extractor, with this model and prompt, has not read.

    Those whose transcript has been removed since are not among them: read anew they would lose the claims that stay.
    """
    rows = con.execute(
        "select episode_id from raw.extractions where extractor_key = ? and episode_id in (select unnest(?))",
        [extractor_key, [episode.episode_id for episode in episodes]],
    ).fetchall()
    read = {episode_id for (episode_id,) in rows}
    return talks_of(con, [episode for episode in episodes if episode.episode_id not in read])


def save_extraction(
    con: duckdb.DuckDBPyConnection,
    episode: Episode,
    day: date,
    extraction: Extraction,
    *,
    extractor_key: str,
    compute_seconds: float,
) -> None:
    """Replace an episode's candidates; those that a digest published stay, and refused those that an analyst judged.

    What is not whole is kept under another key: when the day runs again, the episode counts as unread.
    """
    published = "select claim_id from raw.digest_items"
    wordings = {c.claim_id: [c.headline, c.explanation] for c in extraction.candidates}
    old = con.execute(
        "select claim_id, headline, explanation from raw.claim_candidates"  # noqa: S608
        f" where episode_id = ? and claim_id not in ({published})",
        [episode.episode_id],
    ).fetchall()
    _take_out(con, [claim_id for claim_id, *_ in old])
    _insert(con, extraction.candidates, day)
    _take_scores(con, day, [claim_id for claim_id, *_ in old])
    # an id that comes again may have other words, which the vector and the clarity of the old ones do not fit
    same = {claim_id for claim_id, *wording in old if wording == wordings.get(claim_id)}
    con.execute(
        "delete from raw.claim_embeddings where list_contains(?, claim_id) and claim_id not in"  # noqa: S608
        f" ({published} union select claim_id from raw.verdicts join raw.claim_candidates using (claim_id)"
        " where rejected_reason is not null)",
        [[claim_id for claim_id in wordings if claim_id not in same]],
    )
    key = extractor_key if extraction.is_whole else f"{extractor_key} in part"
    con.execute("delete from raw.extractions where episode_id = ?", [episode.episode_id])
    con.execute(
        "insert into raw.extractions values (?, ?, ?, ?, ?, ?, ?)",
        [
            episode.episode_id, day, key, extraction.spans, len(extraction.candidates),
            round(compute_seconds, 3), extraction.note,
        ],
    )  # fmt: skip


def best_of_day(con: duckdb.DuckDBPyConnection, day: date, most: int, *, per_show: int) -> list[ClaimCandidate]:
    """A day's strongest usable candidates, at most ``per_show`` of each show, less those that a digest has published.

    Between equals the place in the talk decides, which a new wording does not change, unlike the claim's id. Published
    ones keep their place, so that nothing moves up when a published day runs again.
    """
    columns = ", ".join(f"c.{name}" for name in COLUMNS)
    rows = con.execute(
        f"select {', '.join(COLUMNS)} from (select {columns}"  # noqa: S608
        " from raw.claim_candidates c join raw.episodes e using (episode_id)"
        " where c.digest_date = $day and c.rejected_reason is null"
        " qualify row_number() over"
        " (partition by e.feed_url order by c.worthiness desc, c.episode_id, c.first_position) <= $per_show"
        " order by c.worthiness desc, c.episode_id, c.first_position limit $most)"
        " where claim_id not in (select claim_id from raw.digest_items)"
        " order by worthiness desc, episode_id, first_position",
        {"day": day, "per_show": per_show, "most": most},
    ).fetchall()
    named = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
    return [ClaimCandidate(**{**row, "entities": tuple(row["entities"] or ())}) for row in named]


def save_rewordings(con: duckdb.DuckDBPyConnection, day: date, rewordings: Sequence[Rewording]) -> None:
    """Put reworded claims in the place of the ones that they were made of, refused wordings beside them, and note for
    each episode which claims keep their own words because no usable reply came.
    """
    _insert(con, [r.reworded for r in rewordings if r.reworded], day)
    replaced = [r.original.claim_id for r in rewordings if r.reworded and r.reworded.rejected_reason is None]
    _take_out(con, replaced)
    _take_scores(con, day, replaced)
    faults: dict[str, list[str]] = {r.original.episode_id: [] for r in rewordings}
    for rewording in rewordings:
        faults[rewording.original.episode_id] += [rewording.fault] if rewording.fault else []
    for episode_id, reasons in faults.items():
        note = f"{len(reasons)} claims not reworded: {'; '.join(sorted(set(reasons)))}" if reasons else None
        con.execute("update raw.extractions set note = ? where episode_id = ?", [note, episode_id])


def _take_out(con: duckdb.DuckDBPyConnection, claim_ids: Sequence[str]) -> None:
    """Remove candidates. Judged ones stay, refused: by their words and vectors the next cut of the same passage, and
    what else resembles them, is known.
    """
    con.execute(
        "delete from raw.claim_candidates"
        " where list_contains(?, claim_id) and claim_id not in (select claim_id from raw.verdicts)",
        [claim_ids],
    )
    con.execute(
        "update raw.claim_candidates set rejected_reason = ? where list_contains(?, claim_id)", [REPLACED, claim_ids]
    )


def _take_scores(con: duckdb.DuckDBPyConnection, day: date, claim_ids: Sequence[str]) -> None:
    """Remove the scores of those that are no usable claims any more, and close the gaps that they leave in the day's
    choice: until the day is scored again, no build of the marts may find a score without its claim.
    """
    con.execute(
        "delete from raw.scored_insights where list_contains(?, claim_id) and claim_id not in"
        " (select claim_id from raw.claim_candidates where rejected_reason is null and not is_ad)",
        [claim_ids],
    )
    con.execute(
        "update raw.scored_insights set rank = closed.place from"
        " (select claim_id, row_number() over (order by rank) as place from raw.scored_insights"
        " where digest_date = $day and rank is not null) as closed"
        " where digest_date = $day and scored_insights.claim_id = closed.claim_id and rank <> closed.place",
        {"day": day},
    )


def _insert(con: duckdb.DuckDBPyConnection, candidates: Sequence[ClaimCandidate], day: date) -> None:
    if not candidates:
        return
    rows = pl.DataFrame(  # noqa: F841 - DuckDB reads it by its name
        {name: [getattr(candidate, name) for candidate in candidates] for name in COLUMNS},
        schema_overrides={"entities": pl.List(pl.String)},
    ).unique("claim_id", keep="first", maintain_order=True)
    con.execute(
        "merge into raw.claim_candidates as kept"
        " using (select *, ?::date as digest_date from rows) as found using (claim_id)"
        " when matched and kept.rejected_reason = ? then update by name"  # found again as it was
        " when not matched then insert by name",
        [day, REPLACED],
    )


def candidates_of_day(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[str, str, float, str, str | None]]:
    """(claim id, show, worthiness, headline, refusal) of a day's candidates, strongest first."""
    return con.execute(
        "select c.claim_id, coalesce(f.title, f.shown_url), c.worthiness, c.headline, c.rejected_reason"
        " from raw.claim_candidates c join raw.episodes e using (episode_id) left join raw.feeds f using (feed_url)"
        " where c.digest_date = ? order by c.rejected_reason is not null, c.worthiness desc, c.claim_id",
        [day],
    ).fetchall()
