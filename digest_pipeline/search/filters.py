"""Which passages a search may answer with: shows, speakers, themes, days, published or not."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import duckdb
import numpy as np

from digest_pipeline.errors import SearchError
from digest_pipeline.search.nearest import Loaded, Mask


class Kind(StrEnum):
    """What can be found."""

    CLAIMS = "claims"
    TALK = "talk"


THEME_CLAIMS = """
select claim_id from marts.fct_claim_themes join marts.dim_themes using (cluster_id)
where cluster_id = $theme or contains(lower(theme), lower($theme)) or contains(lower(label), lower($theme))
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a search; ``None`` narrows nothing.

    ``show``, ``speaker`` and ``theme`` are part of a name, in upper or lower case; ``theme`` may also be an id.
    Days are those of the digest, both included. A theme, and whether something was published, narrow to claims.
    """

    show: str | None = None
    speaker: str | None = None
    theme: str | None = None
    first: date | None = None
    last: date | None = None
    published: bool | None = None
    kind: Kind | None = None

    def allowed(self, con: sqlite3.Connection, warehouse: duckdb.DuckDBPyConnection, loaded: Loaded) -> Mask:
        """The passages that are left.

        Raises:
            SearchError: no show, speaker or theme has such a name, the days are the wrong way round, or talk is to
                have what only claims have.
        """
        if self.kind is Kind.TALK and (self.theme or self.published is not None):
            raise SearchError("only claims have themes and are published", remedy="do not narrow the search to talk")
        if self.first and self.last and self.first > self.last:
            raise SearchError(f"{self.first} is after {self.last}", remedy="name the earlier day first")
        allowed = np.ones(len(loaded.ids), dtype=np.bool_)
        if self.show or self.first or self.last:
            allowed &= self._of_episodes(warehouse, loaded)
        if self.speaker:
            allowed &= self._of_speakers(con, loaded)
        if self.kind or self.theme or self.published is not None:
            allowed &= ~loaded.is_claim if self.kind is Kind.TALK else loaded.is_claim
        if self.theme:
            allowed &= _of_claims(con, loaded, self._claims_of_theme(warehouse))
        if self.published is not None:
            items = warehouse.execute("select claim_id from raw.digest_items where retracted_at is null").fetchall()
            is_published = _of_claims(con, loaded, [claim_id for (claim_id,) in items])
            allowed &= is_published if self.published else ~is_published
        return allowed

    def _of_episodes(self, warehouse: duckdb.DuckDBPyConnection, loaded: Loaded) -> Mask:
        if (
            self.show
            and not warehouse.execute(
                "select 1 from raw.feeds where contains(lower(coalesce(title, shown_url)), lower(?)) limit 1",
                [self.show],
            ).fetchall()
        ):
            raise SearchError(f"no show is called {self.show!r}", remedy="`digest feeds list` names them")
        rows = warehouse.execute(
            "select episode_id from raw.episodes left join raw.feeds f using (feed_url)"
            " where ($show is null or contains(lower(coalesce(f.title, f.shown_url)), lower($show)))"
            " and digest_date >= coalesce($first, digest_date) and digest_date <= coalesce($last, digest_date)",
            {"show": self.show, "first": self.first, "last": self.last},
        ).fetchall()
        wanted = {episode_id for (episode_id,) in rows}
        is_wanted = np.array([episode_id in wanted for episode_id in loaded.episode_ids], dtype=np.bool_)
        return is_wanted[loaded.episode]

    def _of_speakers(self, con: sqlite3.Connection, loaded: Loaded) -> Mask:
        part = (self.speaker or "").casefold()
        speakers = [i for i, name in con.execute("select speaker_id, name from speakers") if part in name.casefold()]
        if not speakers:
            raise SearchError(
                f"nobody called {self.speaker!r} speaks", remedy="not every transcript names its speakers"
            )
        rows = con.execute(
            "select id from passages where speaker_id in (select value from json_each(?))", [json.dumps(speakers)]
        )
        return loaded.mask_of([row[0] for row in rows])

    def _claims_of_theme(self, warehouse: duckdb.DuckDBPyConnection) -> list[str]:
        rows = warehouse.execute(THEME_CLAIMS, {"theme": self.theme}).fetchall()
        if not rows:
            raise SearchError(f"no theme is called {self.theme!r}", remedy="`digest export dim_themes` lists them")
        return [claim_id for (claim_id,) in rows]


def _of_claims(con: sqlite3.Connection, loaded: Loaded, claim_ids: list[str]) -> Mask:
    rows = con.execute(
        "select id from passages where claim_id in (select value from json_each(?))", [json.dumps(claim_ids)]
    )
    return loaded.mask_of([row[0] for row in rows])
