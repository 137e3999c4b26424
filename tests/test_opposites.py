"""A wording does not say the opposite, leave out the place of a share, or name somebody who is not in the talk."""

import pytest

from digest_pipeline.claims.checks.faithfulness import Wording, unfaithful
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Segment
from tests.rewordings import fault_of

CHANGED = [  # (said, a wording that says something else, the kind of fault)
    # opposites, in whatever form
    ("The bakery's new oven is twice as fast.", "The bakery's new oven is twice as slow.", "comparison"),
    ("Bees build a bigger comb in the first warm week.", "Bees build a smaller comb in the first warm week.", "comparison"),
    ("The ferry made its first trip in June.", "The ferry made its last trip in June.", "negation"),
    ("The majority of the beekeepers sell at the gate.", "The minority of the beekeepers sell at the gate.", "negation"),
    ("A poor harvest leads to a higher price.", "A good harvest leads to a higher price.", "negation"),
    ("The rent goes up when the tram stops nearby.", "The rent goes down when the tram stops nearby.", "comparison"),
    ("The tram stops nearby, so more people walk and fewer drive.", "The tram stops nearby, so fewer people walk.",
     "negation"),
    ("The peso loses value every week.", "The peso gains value every week.", "comparison"),
    ("The orchard moved since the flood.", "The orchard moved before the flood.", "comparison"),
    ("Brewers are closing large plants.", "Brewers are opening large plants.", "negation"),
    ("The keys of the vault stay hot.", "The keys of the vault stay cold.", "negation"),
    ("The meter uploads its readings at noon.", "The meter downloads its readings at noon.", "negation"),
    ("The pump checks the input of the valve.", "The pump checks the output of the valve.", "negation"),
    ("The road is clear inside the fence.", "The road is clear outside the fence.", "negation"),
    ("The buyers of the wool pay in advance.", "The sellers of the wool pay in advance.", "negation"),
    ("The private library lends its maps.", "The public library lends its maps.", "negation"),
    ("The wool costs more than the cotton, and the silk is rare.", "The wool costs less than the cotton.",
     "comparison"),
    ("The ferry is cheaper than the bridge and opens earlier.",
     "The bridge is more expensive than the ferry and the ferry opens later.", "comparison"),
    ("The poor get richer when rates rise.", "The rich get richer when rates rise.", "negation"),
    ("The minister admitted that he took the money.", "The minister denied that he took the money.", "negation"),
    ("The new mill succeeded in cutting dust.", "The new mill failed to cut dust.", "negation"),
    ("The kiln is expensive.", "The kiln is less expensive.", "negation"),
    ("The kiln makes bricks less hard to break.", "The kiln makes bricks hard to break.", "negation"),
    ("The northern fleet came home.", "The southern fleet came home.", "negation"),
    ("Wives earn half of the income.", "Husbands earn half of the income.", "negation"),
    ("The US exports more wool than Brazil.", "Brazil exports more wool than the US.", "comparison"),
    ("The US sued Canada over wool.", "Canada sued the US over wool.", "comparison"),
    # a place that is what a share or a rule is told of
    ("In rural Peru forty percent of the wells are dry.", "Forty percent of the wells are dry.", "place"),
    ("In Norway you charge the ferry in ten minutes.", "Charging the ferry takes ten minutes.", "place"),
    ("The largest orchard in Europe is a cooperative.", "The largest orchard is a cooperative.", "place"),
    # another country, or another bound
    ("In Austria the trams lose money.", "Australian trams lose money.", "name"),
    ("In the United Kingdom the trams lose money.", "In the US, the trams lose money.", "name"),
    ("In South America most of the soy farms are leased.", "Most US soy farms are leased.", "name"),
    ("In British Columbia half of the salmon runs failed.", "Half of Britain's salmon runs failed.", "name"),
    ("Finnish airlines lose money.", "Finnair loses money.", "name"),
    ("The Malian trams lose money.", "Malta's trams lose money.", "name"),
    ("Nigerian trams lose money.", "Niger's trams lose money.", "name"),
    ("Francis opened the archive.", "France opened the archive.", "name"),
    ("Harris won the county.", "Harriet won the county.", "name"),
    ("The fair had 900 buyers.", "The fair had more than 900 buyers.", "number"),
    ("It took the bakers under 5 minutes.", "It took the bakers more than 5 minutes.", "number"),
    # somebody who is not in the talk
    ("The bridge was closed within a day.", "Regulators closed the bridge within a day.", "actor"),
    ("Landlords can deduct the repair.", "Landlords and investors can deduct the repair.", "actor"),
    ("Bees find the way by the sun.", "Scientists found that bees find the way by the sun.", "speaker"),
]  # fmt: skip
CHANGED += [
    # a bound that is another one
    ("More than 80 farmers came.", "At least 80 farmers came.", "number"),
    ("The levy is for farms with at least 80 sheep.", "The levy is for farms with over 80 sheep.", "number"),
    ("Fewer than 80 farmers came.", "Up to 80 farmers came.", "number"),
    ("At most 80 farmers came.", "Under 80 farmers came.", "number"),
    ("80 or more farmers came.", "More than 80 farmers came.", "number"),
    # two pairs of opposites, one of them turned round
    ("The rich buy houses when the poor sell houses.", "The rich sell houses when the poor buy houses.", "exchanged"),
    ("Old drivers brake early while young drivers brake late.",
     "Young drivers brake early while old drivers brake late.", "exchanged"),
]  # fmt: skip
KEPT = [  # (said, a wording that says the same)
    # a comparison from its other end
    ("The ferry is cheaper than the bridge.", "The bridge is more expensive than the ferry."),
    ("It is much faster to correct a map than to translate one.", "Translating a map is much slower than correcting one."),
    ("Wool holds more water than cotton.", "Cotton holds less water than wool."),
    # a country and its people, a bound in other words, one of several
    ("In Japan the trams lose money.", "Japanese trams lose money."),
    ("The Italians export half of the wool.", "Italy exports half of the wool."),
    ("Turkish trams lose money.", "Turkey's trams lose money."),
    ("Israelis take the tram at night.", "In Israel people take the tram at night."),
    ("South American trams lose money.", "Trams lose money in South America."),
    ("In the United States a third of the bridges are old.", "A third of American bridges are old."),
    ("In the U.S. a third of the bridges are old.", "In the United States, a third of the bridges are old."),
    ("The fair had over 900 buyers.", "The fair had more than 900 buyers."),
    ("The fair sold over half of the wool.", "The fair sold more than half of the wool."),
    ("80 plus farmers came.", "More than 80 farmers came."),
    ("80-plus farmers came.", "At least 80 farmers came."),
    ("Upwards of 80 farmers came.", "Over 80 farmers came."),
    ("At least 80 farmers came.", "A minimum of 80 farmers came."),
    # two pairs of opposites, both turned round, or told from the other end
    ("The rich buy houses when the poor sell houses.", "When the poor sell houses, the rich buy houses."),
    ("Buy low and sell high in every market.", "Sell high and buy low in every market."),
    ("Old people buy what the young sell.", "What the young sell is bought by old people."),
    ("GPUs are cheap again.", "A GPU is cheap again."),
    # the same in another order, around what is no verb
    ("The cheapest wool moved to Peru after the ban in Chile.", "After Chile's ban, the cheapest wool moved to Peru."),
    ("Ferries overwhelmingly are used in spring markets.", "Spring markets overwhelmingly happen on ferries."),
    ("The longer the drought the lower the wool price.", "The wool price is lower the longer a drought is."),
    # the opposite denied
    ("The oven is easier to clean since we took out the shelf.", "The oven is less hard to clean since the shelf is out."),
    ("The road is not safe at night.", "The road is dangerous at night."),
    ("The oven failed to win over the bakers.", "The oven lost over the bakers."),
    # other words for it
    ("The new oven is twice as fast as the old one.", "The new oven is two times as fast as the old one."),
    ("The first battery holds for ten years.", "The first battery lasts ten years."),
    ("The majority of the beekeepers sell at the gate.", "Most beekeepers sell at the gate."),
    ("The rent goes up when the tram stops nearby.", "The rent is going up when the tram stops nearby."),
    ("The bats moved from the barn to the church.", "The bats moved from the barn into the church."),
    # each side of what it is said of
    ("Optional courses got three percent of the farmers, mandatory ones got ninety.",
     "Mandatory courses got ninety percent of the farmers, optional ones three."),
    ("Before the merger each ferry had its own pier, after it they shared one.",
     "After the merger the ferries shared a pier."),
    ("Sales of wool fell in the cities and rose in the country.", "Sales of wool rose in the country."),
    # places that are kept, or told by the way
    ("In Japan a third of the trains lose money.", "A third of Japan's trains lose money."),
    ("In the United States a third of the bridges are old.", "A third of US bridges are old."),
    ("A bakery in Lisbon cut its bill by moving the oven.", "A bakery cut its bill by moving the oven."),
    ("In March half of the orchard was replanted.", "Half of the orchard was replanted."),
    # somebody whom the talk leaves open
    ("We treat a third of the patients at home.", "Doctors treat a third of the patients at home."),
    ("We found that bees find the way by the sun.", "Ann Lee found that bees find the way by the sun."),
]  # fmt: skip


@pytest.mark.parametrize(("said", "wording", "kind"), CHANGED)
def test_a_wording_that_changes_what_was_said_is_refused(said: str, wording: str, kind: str) -> None:
    assert (fault_of(said, wording) or "").split(":")[0] == kind


@pytest.mark.parametrize(("said", "wording"), KEPT)
def test_a_wording_that_keeps_what_was_said_passes(said: str, wording: str) -> None:
    assert fault_of(said, wording) is None


def test_a_place_may_stand_in_the_explanation() -> None:
    said = "In Norway half of the ferries run on batteries. Charging takes ten minutes."
    located = Located(turns_of([Segment(0, 0, 30, "Ann Lee", said)])[0], 0, len(said), 100.0)
    headline = "Half of the ferries run on batteries."
    assert unfaithful(Wording(headline, "In Norway charging takes ten minutes."), located) is None
    assert unfaithful(Wording(headline, "Charging takes ten minutes."), located) == "place: “Norway” is left out"
    assert unfaithful(Wording(headline, ""), located, known="Ferries of Norway") is None
