"""What subscribers said of shows and themes: they follow or mute them by name."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from digest_pipeline.models import DigestItem, Subscriber

AS_TYPED = str.maketrans("\u2018\u2019\u02bc\u201c\u201d\u2010\u2013\u2014", "'''\"\"---")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber said of an insight's show and theme."""

    follows_show: bool
    follows_theme: bool
    is_muted: bool

    @property
    def is_followed(self) -> bool:
        """Whether show or theme is."""
        return self.follows_show or self.follows_theme

    @classmethod
    def of(cls, subscriber: Subscriber, item: DigestItem) -> "Wish":
        """Of the show and the theme of ``item``."""
        show = {plain(item.show)}
        theme = {plain(name) for name in (item.theme, item.theme_id) if name}
        return cls(
            _names(subscriber.followed_shows, show),
            _names(subscriber.followed_themes, theme),
            _names(subscriber.muted_shows, show) or _names(subscriber.muted_themes, theme),
        )


def unknown_names(con: duckdb.DuckDBPyConnection, subscribers: Iterable[Subscriber]) -> list[str]:
    """What they follow or mute and no show, or no theme, has been called so far: most often a typing mistake."""
    shows = _column(con, "select unnest([title, shown_url]) from raw.feeds")
    themes = _column(con, "select unnest([title, label, cluster_id]) from raw.embedding_clusters")
    unknown = set()
    for one in subscribers:
        unknown |= {name for name in one.followed_shows | one.muted_shows if plain(name) not in shows}
        unknown |= {name for name in one.followed_themes | one.muted_themes if plain(name) not in themes}
    return sorted(unknown)


def _column(con: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    return {plain(name) for (name,) in con.execute(query).fetchall() if name}


def _names(subjects: frozenset[str], names: set[str]) -> bool:
    return any(plain(subject) in names for subject in subjects)


def plain(name: str) -> str:
    """A name however it is typed: a feed says “Lenny’s”, a keyboard “Lenny's”."""
    return " ".join(unicodedata.normalize("NFKC", name).translate(AS_TYPED).casefold().split())
