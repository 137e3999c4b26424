"""The themes of a day: embed what is new, rate how it reads, cluster the window, keep ids and titles, note growth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from digest_pipeline.claims.models.clarity import Shown, clarity_of
from digest_pipeline.clusters import store
from digest_pipeline.clusters.claims import (
    ClaimRow,
    claims_of_window,
    load_vectors,
    missing_embeddings,
    save_embeddings,
)
from digest_pipeline.clusters.cluster import Theme, cluster_claims
from digest_pipeline.clusters.identity import Group, ThemeEvent, assign_ids, events_of_day, themes_of_last_day
from digest_pipeline.clusters.keywords import label_of, theme_keywords
from digest_pipeline.clusters.store import NamedTheme, ThemeBefore
from digest_pipeline.clusters.titles import BY_KEYWORDS, Headline, Title, Titler
from digest_pipeline.clusters.trends import Trend, trend_of
from digest_pipeline.encoder import LayeredEmbedder, Vectors
from digest_pipeline.llm.books import Books
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class ClusteredDay:
    """What became of a day: the window's claims, its themes, their events, the share of claims in no theme.

    ``titles`` are by the ids of its themes, and of those before it, which events name too.
    """

    claims: Sequence[ClaimRow]
    themes: Sequence[NamedTheme]
    events: Sequence[ThemeEvent]
    titles: Mapping[str, str]
    embedded: int
    noise_share: float


def cluster_day(
    warehouse: Warehouse, embedder: LayeredEmbedder, day: date, settings: Settings, run_id: str = ""
) -> ClusteredDay:
    """Find and keep the themes of the window that ends with ``day``. The same claims and past give the same themes.

    A language model that gives titles is paid from the budget of the run ``run_id`` (see ``Books``).
    """
    days = settings.cluster_window_days
    with warehouse.read() as con:
        claims = claims_of_window(con, day, days)
        missing = missing_embeddings(con, claims, embedder.name)
        before = store.themes_before(con, day, days, claims, embedder.name)
        blamed = store.blamed_claims(con)
    fresh = embedder.embed([claim.text for claim in missing])
    clarity = clarity_of(
        [Shown(claim.headline, claim.explanation, claim.quote) for claim in missing], embedder, settings
    )
    with warehouse.write() as con:
        save_embeddings(con, missing, fresh, clarity, embedder.name)
        vectors = load_vectors(con, [claim.claim_id for claim in claims], embedder.name)
    past = [theme.past for theme in before.values()]
    bonds = themes_of_last_day([claim.claim_id for claim in claims], past)
    texts = [claim.text for claim in claims]
    themes = cluster_claims(vectors, texts, min_size=settings.cluster_min_size, bonds=bonds)
    groups = [Group(frozenset(claims[i].claim_id for i in theme.members), theme.centroid) for theme in themes]
    ids = assign_ids(groups, past, day)
    events = events_of_day(groups, ids, past)
    keywords = theme_keywords(
        [[texts[i] for i in theme.members] for theme in themes], [theme.centroid for theme in themes], embedder
    )
    titler = _titler(warehouse, day, settings, run_id)
    titles = _titles(themes, keywords, ids, claims, vectors, before, blamed, titler)
    named = [
        NamedTheme(cluster_id, theme, words, title, trend, cluster_id not in before)
        for cluster_id, theme, words, title, trend in zip(
            ids, themes, keywords, titles, _trends(themes, claims, day), strict=True
        )
    ]
    with warehouse.write() as con:
        store.save_themes(con, day, claims, named, before, events, model=embedder.name, window_days=days)
    called = {cluster_id: known.title.text for cluster_id, known in before.items() if known.title}
    called |= {theme.cluster_id: theme.title.text for theme in named}
    return ClusteredDay(claims, named, events, called, len(missing), store.noise_share(claims, themes))


def _titler(warehouse: Warehouse, day: date, settings: Settings, run_id: str) -> Titler:
    if not settings.llm_model:
        return Titler()
    client = LlmClient(settings, Books(warehouse, day, run_id))
    return Titler(client, settings.llm_model, settings.llm_concurrency)


def _titles(
    themes: Sequence[Theme],
    keywords: Sequence[Sequence[str]],
    ids: Sequence[str],
    claims: Sequence[ClaimRow],
    vectors: Vectors,
    before: Mapping[str, ThemeBefore],
    blamed: frozenset[str],
    titler: Titler,
) -> list[Title]:
    """A title a theme. Claims that are blamed or taken back neither give one nor keep it; if all are, keywords do."""
    asked = []
    for theme, words, cluster_id in zip(themes, keywords, ids, strict=True):
        closeness = vectors[list(theme.members)] @ theme.centroid
        members = [
            Headline(claims[i].claim_id, claims[i].headline, float(c))
            for i, c in zip(theme.members, closeness, strict=True)
            if claims[i].claim_id not in blamed
        ]
        known = before.get(cluster_id)
        asked.append((members, words, known.title if known else None))
    given = iter(titler.titles([theme for theme in asked if theme[0]]))
    return [
        next(given) if members else Title(label_of(words) or cluster_id, BY_KEYWORDS, claims[theme.central].claim_id)
        for theme, cluster_id, (members, words, _) in zip(themes, ids, asked, strict=True)
    ]


def _trends(themes: Sequence[Theme], claims: Sequence[ClaimRow], day: date) -> list[Trend]:
    everything = _episodes_by_day(claims)
    return [trend_of(_episodes_by_day([claims[i] for i in theme.members]), everything, day) for theme in themes]


def _episodes_by_day(claims: Sequence[ClaimRow]) -> dict[date, int]:
    episodes: defaultdict[date, set[str]] = defaultdict(set)
    for claim in claims:
        episodes[claim.digest_date].add(claim.episode_id)
    return {day: len(ids) for day, ids in episodes.items()}
