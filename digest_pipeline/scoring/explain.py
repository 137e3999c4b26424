"""Why an insight scores as it does, in one sentence that a reader understands."""

from digest_pipeline.clusters.trends import SURE
from digest_pipeline.dates import short_date
from digest_pipeline.scoring.claims import RELATED
from digest_pipeline.scoring.components import Components
from digest_pipeline.scoring.relations import CONTRADICTS, UPDATES

WORTH_STRONG, WORTH_FAIR = 0.5, 0.3  # probabilities that an editor would send it
STRONG, CLEAR = 0.6, 0.35


def why(components: Components, window_days: int) -> str:
    """One sentence from the components and their evidence.

    Example:
        >>> values = {"worthiness": 0.7, "clarity": 1, "novelty": 1, "specificity": 0.7}
        >>> values |= {"corroboration": 0, "momentum": 0}
        >>> why(Components(values, None, ()), 45)
        'A strong, specific claim; nothing like it was said in the last 45 days.'
    """
    values = components.values
    worth = values["worthiness"]
    adjectives = [
        "strong" if worth >= WORTH_STRONG else "fair" if worth >= WORTH_FAIR else "weak",
        *(["specific"] if values["specificity"] >= STRONG else []),
        *(["roughly put"] if values["clarity"] < CLEAR else []),
    ]
    parts = [f"A {', '.join(adjectives)} claim"]
    nearest = components.nearest_before
    update = next((r for r in components.relations if r.relation == UPDATES), None)
    if update:
        parts.append(f"an update: {update.reason}")
    elif nearest is None or nearest[0] < RELATED:
        days = window_days if components.known_days is None else min(window_days, components.known_days)
        if days > 1:  # the first day of all has no past to compare with
            # related at all, though to nothing before: to what was said on the same day
            past = _days_before(days - 1) if components.relations else f"the last {days} days"
            parts.append(f"nothing like it was said in {past}")
    elif values["novelty"] >= STRONG / 2 and not components.is_said_before:
        parts.append(f"related to what {nearest[1].show} had on {short_date(nearest[1].digest_date)}, but new")
    else:
        parts.append(f"close to what {nearest[1].show} had on {short_date(nearest[1].digest_date)}")
    if components.other_shows:
        named = components.other_shows[:3]
        verb = "says" if len(named) == 1 else "say"
        parts.append(f"{_join(named)} {verb} the same")
    if against := next((r for r in components.relations if r.relation == CONTRADICTS), None):
        parts.append(f"{against.other.show} may contradict it")
    if values["momentum"] >= SURE:
        parts.append("its theme is growing")
    if components.opinion.reason:
        parts.append(components.opinion.reason)
    return f"{'; '.join(parts)}."


def _days_before(count: int) -> str:
    return "the day before" if count == 1 else f"the {count} days before"


def _join(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
