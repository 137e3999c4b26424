"""An extractor on labelled episodes, beside the baselines: the table of figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from digest_pipeline.claims.choose import get_extractor
from digest_pipeline.claims.extractor import ClaimExtractor
from digest_pipeline.claims.models.clarity import Shown, clarity_of
from digest_pipeline.encoder import LayeredEmbedder, get_embedder
from digest_pipeline.errors import DigestError
from digest_pipeline.evaluation import baselines
from digest_pipeline.evaluation.baselines import rank_windows
from digest_pipeline.evaluation.figures import TOP, Ruler, mean_figures
from digest_pipeline.evaluation.labels import read_labels, read_lines
from digest_pipeline.models import ClaimCandidate, Episode, stable_id
from digest_pipeline.scoring.claims import ScoringClaim
from digest_pipeline.scoring.components import components_of, ranking_score
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ads.flags import flag_ads
from digest_pipeline.warehouse import Warehouse

CHANCES = 20  # random rankings, of which the mean is shown
WORTHINESS, FULL = "worthiness alone", "full ranking"
DAY = date(2001, 1, 1)  # nothing was said before it
RATERS: Mapping[str, baselines.Rater] = {
    "lead": baselines.by_place,
    "TextRank": baselines.by_textrank,
    "LexRank": baselines.by_lexrank,
    "centroid": baselines.by_centroid,
}


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of each method on one episode. ``was_trained_on``: the worthiness model has seen its labels."""

    episode: str
    was_trained_on: bool
    figures: Mapping[str, dict[str, float]]


def evaluate(
    folder: Path, settings: Settings, extractor: ClaimExtractor, rankings: Mapping[str, Path] | None = None
) -> Iterator[Result]:
    """Each labelled episode of a folder: an extractor, the baselines, and rankings from files.

    Args:
        folder: see ``labels``.
        settings: which encoder and weights.
        extractor: what is measured.
        rankings: files by the name of their row: a line a candidate with ``episode``, ``rank`` and ``quote``.

    Raises:
        DigestError: labels or a file cannot be read.
    """
    episodes, embedder = read_labels(folder), get_embedder(settings)
    outside = {name: _ranking(path) for name, path in (rankings or {}).items()}
    seen = trained_on()
    for labelled in episodes:
        ruler = Ruler(labelled)
        found = extractor.extract(_episode(labelled.name), flag_ads(labelled.segments(), set())).candidates
        texts, vectors = labelled.texts, embedder.embed(labelled.texts)
        quotes = {name: rank_windows(texts, vectors, rater, TOP) for name, rater in RATERS.items()}
        usable = [candidate for candidate in found if not candidate.rejected_reason]
        quotes[WORTHINESS] = [c.quote for c in sorted(usable, key=lambda c: -c.worthiness)]
        quotes[FULL] = _full_ranking(usable, embedder, settings)
        quotes |= {name: of_all.get(labelled.name, []) for name, of_all in outside.items()}
        chances = [
            ruler.figures(rank_windows(texts, vectors, baselines.by_chance(seed), TOP)) for seed in range(CHANCES)
        ]
        figures = {"random": mean_figures(chances)} | {name: ruler.figures(q) for name, q in quotes.items()}
        yield Result(labelled.name, labelled.name in seen, figures)


def means(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """The mean figures of each method over the episodes."""
    return {name: mean_figures([result.figures[name] for result in results]) for name in results[0].figures}


def verdict_of(settings: Settings, warehouse: Warehouse, day: date, run_id: str) -> tuple[bool, dict[str, float | str]]:
    """Whether the full ranking beats every baseline at p@5 on the folder ``eval_labels``, and its figures.

    A language model is paid from the budget of the run ``run_id`` for ``day``, once for the same labels.
    Labels that cannot be read are a failure with its reason, and no reason to stop a day.
    """
    try:
        results = list(evaluate(Path(settings.eval_labels), settings, get_extractor(settings, warehouse, day, run_id)))
    except DigestError as error:
        return False, {"error": str(error)}
    found = means(results)
    beaten = all(found[FULL]["p@5"] > found[name]["p@5"] for name in ("random", *RATERS))
    figures: dict[str, float | str] = {f"{name} {key}": v for name, row in found.items() for key, v in row.items()}
    return beaten, figures | {"not held out": sum(result.was_trained_on for result in results)}


def trained_on() -> frozenset[str]:
    """Names of the labelled episodes that the worthiness model has learnt from: figures on them are too kind."""
    listed = (files("digest_pipeline.claims.models") / "trained_on.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())


def _full_ranking(usable: Sequence[ClaimCandidate], embedder: LayeredEmbedder, settings: Settings) -> list[str]:
    """Quotes by the score that a first day would give them, without what reads too badly to be sent."""
    clarity = clarity_of([Shown(c.headline, c.explanation, c.quote) for c in usable], embedder, settings).tolist()
    claims = [
        ScoringClaim(c.claim_id, DAY, "show", c.episode_id, c.headline, c.quote, c.worthiness, reads)
        for c, reads in zip(usable, clarity, strict=True)
    ]
    vectors = embedder.embed([f"{c.headline} {c.explanation}" for c in usable])
    parts = components_of(claims, vectors, [], vectors[:0], {}, {}, {})
    scores = [ranking_score(part.values, 1.0, settings) for part in parts]
    order = sorted(range(len(claims)), key=lambda row: (-scores[row], claims[row].claim_id))
    return [claims[row].quote for row in order if parts[row].values["clarity"] >= settings.min_clarity]


def _episode(name: str) -> Episode:
    return Episode(stable_id("ep", name), "", "show", name, None, None, "", None, "en")


def _ranking(path: Path) -> dict[str, list[str]]:
    try:
        rows = sorted(read_lines(path), key=lambda row: row["rank"])
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["episode"], []).append(str(row["quote"]))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DigestError(
            f"the ranking {path} cannot be read: {error!r}", remedy="each line holds episode, rank and quote"
        ) from error
    return found
