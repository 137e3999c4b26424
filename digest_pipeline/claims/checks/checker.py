"""All checks of a model's wording in one place: the rules, then the entailment model where one is set."""

from collections.abc import Iterable, Sequence

from digest_pipeline.claims.checks.entailment import get_entailment
from digest_pipeline.claims.checks.faithfulness import Wording, unfaithful
from digest_pipeline.claims.checks.lexis import words_in
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.injection import has_link_or_markup
from digest_pipeline.models import Episode
from digest_pipeline.settings import Settings

RULES = "rules 10"  # another number holds every wording against them again; kept replies are not paid for again
MAX_ENTITIES, MAX_ENTITY_CHARACTERS = 10, 60


class WordingChecker:
    """Says why a wording does not follow from its quote."""

    def __init__(self, settings: Settings) -> None:
        self._nli = f"nli {settings.nli_model} {settings.nli_min_entailment}"
        self._least = settings.nli_min_entailment
        self._entailment = get_entailment(settings)

    @property
    def name(self) -> str:
        """What a result depends on besides the rules."""
        return f"{RULES}, {self._nli}" if self._entailment else RULES

    def fault(self, wording: Wording, located: Located, episode: Episode, speakers: Iterable[str]) -> str | None:
        """The first fault, as ``kind: detail``, or ``None``: the wording follows."""
        people = " ".join(person.name for person in episode.persons)
        known = f"{located.turn.name or ''} {episode.show} {episode.title} {people}"
        everybody = [*speakers, *(person.name for person in episode.persons)]
        if fault := unfaithful(wording, located, known=known, speakers=everybody):
            return fault
        if self._entailment is None:
            return None
        claims = [(located.context, text) for text in (wording.headline, wording.explanation) if text]
        for (_, text), (entailed, contradicted) in zip(claims, self._entailment.judge(claims), strict=True):
            if contradicted > entailed:
                return f"entailment: the talk contradicts “{text}”"
            if not entailed >= self._least:  # nor where it is no number at all
                return f"entailment: {entailed:.2f} that the talk bears “{text}”"
        return None


def said_entities(entities: Sequence[str], located: Located) -> tuple[str, ...]:
    """Those of a model's entities that the speaker named near the quote."""
    said = {word.lower() for word in words_in(located.context)}
    names = (" ".join(name.split()) for name in entities[:MAX_ENTITIES])
    return tuple(
        name
        for name in dict.fromkeys(names)
        if 0 < len(name) <= MAX_ENTITY_CHARACTERS
        and not has_link_or_markup(name)
        and {word.lower() for word in words_in(name)} <= said
    )
