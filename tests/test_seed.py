"""What a reader's page is made of: claims of many shows about one matter, among a day of others, are one or two themes."""

import json
import re
from pathlib import Path

import pytest

from digest_pipeline.clusters.cluster import Theme, cluster_claims
from digest_pipeline.clusters.keywords import theme_keywords
from digest_pipeline.clusters.titles import Headline, Titler
from digest_pipeline.encoder import get_embedder
from digest_pipeline.settings import Settings
from tests.conftest import SHARED

GRID = [
    "New solar farms wait five years for a connection to the power grid. The studies are done one after the other.",
    "Half of the solar projects in the queue for a grid connection are never built, and still each must be studied.",
    "A shortage of large transformers keeps finished wind farms off the power grid for two years.",
    "Grid operators charge the next solar farm in the queue for the whole upgrade, so developers drop out in turn.",
    "Batteries beside a solar farm let it share a grid connection that is otherwise idle at night.",
    "Reconductoring old power lines doubles what the grid carries without a single new permit.",
    "Texas connects wind and solar farms to its grid in half the time, because it does not make them pay for upgrades.",
    "Data centers now compete with solar farms for the same few substations of the power grid.",
    "Utilities earn on new power lines and not on better use of old ones, so the grid grows slowly and dearly.",
    "Curtailed wind power is the price of a power grid that was built for coal plants near cities.",
    "Permits for a new power line take ten years, longer than building the solar farms that need it.",
]
OTHERS = (
    """
Sourdough rises faster in a steel bowl than in a wooden one.|Marathon runners gain more from sleep than from one more long run.
Code review finds more bugs when changes stay under two hundred lines.|A museum sells more tickets when it shows fewer paintings.
Bees find their way home by the pattern of polarised light.|Chess openings are now prepared by engines weeks ahead.
Small claims courts settle most cases before a judge reads them.|Children learn to read sooner when stories rhyme.
Ancient Rome fed a million people on grain from Egypt.|Most knee pain comes from weak hips and not from the knee.
Airlines lose money on seats and earn it on loyalty points.|A good editor cuts the first page of nearly every novel.
Coral recovers within a decade where fishing is banned.|Jazz drummers keep time a little behind the beat on purpose.
Interest rates reach tenants later than home owners.|Left-handed pitchers are overrated by scouts.
Typed languages save large teams more time than small ones.|Olive oil fraud is easier than drug smuggling and pays better.
Volcanoes cool the climate for two years after an eruption.|Therapists rarely measure whether their patients improve.
Restaurants fail because of rent and seldom because of food.|The oldest known song is a hymn on a clay tablet.
Penguins count their chicks by voice.|Football clubs overpay for players who scored in the last world cup.
Antibiotics for cattle end up in rivers within days.|Silent films were never silent, an organist played along.
Diplomats prefer a vague treaty to none.|Cheap telescopes now find more comets than observatories.
Wool keeps warm when it is wet, cotton does not.|Juries trust confident witnesses more than accurate ones.
Remote interviews favour people who look into the camera.|Whisky matures faster in warm warehouses.
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def themes_among_others(paragraphs: list[str], settings: Settings) -> tuple[list[Theme], list[str]]:
    """The themes that hold the paragraphs, each said by a show of its own in the middle of a day, and their titles."""
    texts = [*OTHERS[::2], *paragraphs, *OTHERS[1::2]]
    place = len(OTHERS[::2])
    embedder = get_embedder(settings)
    vectors = embedder.embed(texts)
    mine = range(place, place + len(paragraphs))
    found = cluster_claims(vectors, texts, min_size=3)
    keywords = theme_keywords([[texts[i] for i in t.members] for t in found], [t.centroid for t in found], embedder)
    known = [(t, words) for t, words in zip(found, keywords, strict=True) if set(t.members) & set(mine)]
    themes = [t for t, _ in known]
    assert sum(len(set(t.members) & set(mine)) for t in themes) >= len(paragraphs) - 1
    assert all(len(set(t.members) - set(mine)) <= 1 for t in themes)
    heads = [
        (
            [
                Headline(f"cl_{i}", re.split(r"(?<=[.!?])\s", texts[i])[0], float(vectors[i] @ t.centroid))
                for i in t.members
            ],
            words,
            None,
        )
        for t, words in known
    ]
    return themes, [title.text for title in Titler().titles(heads)]


def test_eleven_shows_on_one_matter_are_one_or_two_themes_with_a_title(settings: Settings) -> None:
    themes, titles = themes_among_others(GRID, settings)
    assert 1 <= len(themes) <= 2
    assert all(re.search(r"grid|power|solar", title) and len(title) <= 92 for title in titles), titles


@pytest.mark.skipif(not (SHARED / "seed.txt").exists(), reason="the reader's page is not beside the checkout")
def test_the_readers_own_page_is_one_or_two_themes(settings: Settings) -> None:
    paragraphs = Path(SHARED / "seed.txt").read_text(encoding="utf-8").splitlines()[1:]
    themes, titles = themes_among_others([p for p in paragraphs if p.strip()], settings)
    assert 1 <= len(themes) <= 2
    assert all(re.search(r"AI|models?\b", title) for title in titles), json.dumps(titles)
