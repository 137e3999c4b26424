"""Rewordings that change a fact of the talk are refused. A table of spoken sentences."""

import pytest

from digest_pipeline.claims.checks.checker import WordingChecker
from digest_pipeline.claims.checks.faithfulness import Wording
from digest_pipeline.claims.checks.names import same_person, unsaid_name
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.settings import Settings
from tests.rewordings import fault_of

CHANGED = [  # (said, a wording that says something else)
    # conditions
    ("If the Fed cuts rates, housing recovers.", "Housing recovers."),
    ("Only if the Fed cuts rates will housing recover.", "Housing will recover."),
    ("Housing recovers only if the Fed cuts rates.", "Housing recovers."),
    ("Unless the Fed cuts rates, housing stalls.", "Housing stalls."),
    ("Unless the bank gets a loan, the bank fails.", "If the bank gets a loan, the bank fails."),
    ("If we get the permit, the plant opens in May.", "The plant opens in May."),
    ("The clinic stays open as long as the county pays for it.", "The clinic stays open."),
    # doubt
    ("There is a chance that rates will fall.", "Rates will fall."),
    ("In theory rates should fall.", "Rates will fall."),
    ("Rates are expected to fall.", "Rates will fall."),
    ("Rates can fall.", "Rates will fall."),
    ("I doubt that rates fall.", "Rates fall."),
    ("It is unlikely that rates fall.", "It is likely that rates fall."),
    ("A recession may come next year.", "A recession will probably come next year."),
    ("I guess the drug works better than the old one.", "The drug works better than the old one."),
    ("This gene might explain the disease.", "This gene explains the disease."),
    # what is intended, almost done or over
    ("The bank plans to raise its rates.", "The bank raised its rates."),
    ("The bank wanted to raise its rates.", "The bank raised its rates."),
    ("The bank was told to raise its rates.", "The bank raised its rates."),
    ("The bank almost failed.", "The bank failed."),
    ("The bank nearly failed.", "The bank failed."),
    ("They used to pay for the software.", "They pay for the software."),
    ("The city promised to build ten thousand homes.", "The city built ten thousand homes."),
    ("Our server was about to crash.", "Our server crashed."),
    # how often, how many, where
    ("The method sometimes works on small farms.", "The method works on small farms."),
    ("The method usually works on small farms.", "The method works on small farms."),
    ("In some cases the drug stops the cancer.", "The drug stops the cancer."),
    ("The drug stops the cancer in mice.", "The drug stops the cancer."),
    ("Few banks failed in the crisis.", "Banks failed in the crisis."),
    ("Few banks failed in the crisis.", "Many banks failed in the crisis."),
    ("Teachers occasionally leave in the first year.", "Teachers usually leave in the first year."),
    # quantities
    ("It raised half a million dollars.", "It raised a million dollars."),
    ("It raised a quarter of a million dollars.", "It raised a million dollars."),
    ("It raised two and a half million dollars.", "It raised two million dollars."),
    ("Growth was minus three percent.", "Growth was three percent."),
    ("Fewer than twenty percent of the users left.", "Twenty percent of the users left."),
    ("Up to twenty percent of the users left.", "Twenty percent of the users left."),
    ("Between ten and twenty percent of the users left.", "Twenty percent of the users left."),
    ("Nearly twenty percent of the users left.", "Over twenty percent of the users left."),
    ("They build ten thousand cars a month.", "They build ten thousand cars a year."),
    ("The wall is six feet high.", "The wall is six inches high."),
    ("It takes forty gallons of water.", "It takes forty liters of water."),
    ("You need 300 grams of flour.", "You need 300 kilograms of flour."),
    ("The gate is five nanometers wide.", "The gate is five micrometers wide."),
    ("The battery gives 10 megawatts.", "The battery gives 10 megawatt hours."),
    ("They bought 300 pounds of sugar.", "They bought £300 of sugar."),
    ("Prices tripled in a year.", "Prices quadrupled in a year."),
    ("The price went from ten to four dollars.", "The price went from four to ten dollars."),
    ("One in five patients left within thirty days.", "One in thirty patients left within five days."),
    ("At least forty nurses quit.", "At most forty nurses quit."),
    ("The pump moves 50 liters per minute.", "The pump moves 50 liters per hour."),
    ("We hired 12 engineers and 30 designers.", "We hired 30 engineers and 12 designers."),
    ("The deal is worth three billion euros.", "The deal is worth three million euros."),
    # denial
    ("The tax is neither fair nor efficient.", "The tax is fair and efficient."),
    ("It is a myth that sugar makes children wild.", "Sugar makes children wild."),
    ("It is false that sugar makes children wild.", "Sugar makes children wild."),
    ("The minister denied that he took the money.", "The minister took the money."),
    ("The company avoided losing the contract.", "The company lost the contract."),
    ("The bridge is unsafe.", "The bridge is safe."),
    ("The trade is illegal.", "The trade is legal."),
    ("The results are inconsistent.", "The results are consistent."),
    ("The court rejected the merger.", "The court approved the merger."),
    ("The law bans the sale of vapes.", "The law allows the sale of vapes."),
    ("The union won the vote.", "The union lost the vote."),
    ("The team failed in its second attempt.", "The team succeeded in its second attempt."),
    ("The shot prevents infection in adults but not in children.", "The shot prevents infection in children."),
    ("They closed all plants but one.", "They closed all plants."),
    ("The warranty covers everything except the battery.", "The warranty covers everything including the battery."),
    ("Nobody on the crew saw the iceberg.", "The crew saw the iceberg."),
    ("We ran out of money without ever shipping a game.", "We ran out of money after shipping a game."),
    # who said it, who did it
    ("Critics say the dam destroys the river.", "The dam destroys the river."),
    ("My opponent says the tax hurts farmers.", "The tax hurts farmers."),
    ("Anti-vaxxers claim the shot causes autism.", "The shot causes autism."),
    ("Apple sued Google over the patent.", "Google sued Apple over the patent."),
    ("Gas beats solar on price.", "Solar beats gas on price."),
    ("Wolves control the deer in the park.", "Deer control the wolves in the park."),
    ("Exports depend on the exchange rate.", "The exchange rate depends on exports."),
    ("Wind was cheaper than coal in Texas.", "Coal was cheaper than wind in Texas."),
    ("The dam destroys the river.", "Bob Ray says the dam destroys the river."),
    # surer, wider
    ("Some of the lakes are warming.", "All of the lakes are warming."),
    ("Sleep helps you to remember words.", "Sleep guarantees that you remember words."),
    ("Rust is one of the best languages for drivers.", "Rust is the only language for drivers."),
    # of many kinds
    ("If interest rates stay high, small builders go under.", "Small builders go under."),
    ("The reactor could be running by 2030.", "The reactor will be running by 2030."),
    ("You might lose a little accuracy with the smaller model.",
     "You lose a little accuracy with the smaller model."),
    ("Most startups that raise a seed round never raise again.", "Startups that raise a seed round raise again."),
    ("Sometimes the cheapest fix is to delete the feature.", "The cheapest fix is to delete the feature."),
    ("The city considered banning cars from the center.", "The city banned cars from the center."),
    ("We were going to launch in March but the license fell through.", "They launched in March."),
    ("She claims the vaccine caused the outbreak.", "The vaccine caused the outbreak."),
    ("Some economists argue that tariffs raise wages.", "Tariffs raise wages."),
    ("People think that goldfish forget everything after three seconds.",
     "Goldfish forget everything after three seconds."),
    ("It's a misconception that lightning never strikes twice.", "Lightning never strikes twice."),
    ("The trial showed no benefit for patients over seventy.",
     "The trial showed a benefit for patients over seventy."),
    ("The startup burned through two and a half million in six months.",
     "The startup burned through six million in two and a half months."),
    ("Roughly a third of the water leaks before it reaches a tap.",
     "Two thirds of the water leaks before it reaches a tap."),
    ("The train covers 300 kilometers in an hour.", "The train covers 300 miles in an hour."),
    ("It costs about five dollars per kilogram.", "It costs about five dollars per gram."),
    ("Less than one percent of the plastic is recycled.", "One percent of the plastic is recycled."),
    ("Sales dropped from nine million to four million units.", "Sales rose from four million to nine million units."),
    ("The insurer refused to pay for the surgery.", "The insurer paid for the surgery."),
    ("Everybody except the treasurer voted for the merger.", "Everybody voted for the merger."),
    ("Doctors rarely test for the mutation.", "Doctors test for the mutation."),
    ("The senator voted against the bill.", "The senator voted for the bill."),
    ("China exports more steel than India produces.", "India produces more steel than China exports."),
    ("Tesla bought SolarCity in 2016.", "SolarCity bought Tesla in 2016."),
    ("The virus jumped from bats to humans.", "The virus jumped from humans to bats."),
    ("The old compiler was twice as fast as the new one.", "The new compiler was twice as fast as the old one."),
    ("Ozempic seems to lower the desire for alcohol.", "Ozempic lowers the desire for alcohol."),
    ("Nearly half of the teachers have a second job.", "More than half of the teachers have a second job."),
    ("The law applies to companies with at least fifty employees.",
     "The law applies to companies with fifty employees."),
    ("I'm not convinced that remote work hurts productivity.", "Remote work hurts productivity."),
    ("We failed to find any link between screens and sleep.", "There is a link between screens and sleep."),
    ("The drug was ineffective against the new strain.", "The drug was effective against the new strain."),
    ("The council opposes the new runway.", "The council supports the new runway."),
    ("Farmers used to burn the straw after harvest.", "Farmers burn the straw after harvest."),
    ("Only two of the twelve boats came back.", "Twelve of the boats came back."),
    ("It would be cheaper to ship the goods by rail.", "It is cheaper to ship the goods by rail."),
    ("The study was done in rats.", "The study was done in people."),
    ("Google's lawyers asked the judge to delay the ruling.", "Google's lawyers delayed the ruling."),
    # what is asked, tried or supposed
    ("Does caffeine cause cancer? The studies don't agree.", "Caffeine causes cancer."),
    ("So is the bank insolvent? We looked at the books.", "The bank is insolvent."),
    ("What if the bank is insolvent? Then nobody gets paid.", "The bank is insolvent."),
    ("So you're telling me that inflation is caused by greed? The data says otherwise.", "Inflation is caused by greed."),
    ("We tested whether the pill lowers blood pressure.", "The pill lowers blood pressure."),
    ("Imagine that the grid fails for a week.", "The grid fails for a week."),
    ("Let's say the bank fails next year.", "The bank fails next year."),
    ("I used to believe that tests are a waste of time.", "Tests are a waste of time."),
    # nobody else, and what is advised against
    ("Only large banks can afford the audit.", "Large banks can afford the audit."),
    ("The lawyers advised against shipping the feature.", "The lawyers advised shipping the feature."),
    # opposites
    ("Fees are high when the mempool is full.", "Fees are low when the mempool is full."),
    ("Remote work makes people work longer hours.", "Remote work makes people work shorter hours."),
    ("The agency underestimated the cost of the dam.", "The agency overestimated the cost of the dam."),
    ("The jury found the founder guilty of fraud.", "The jury found the founder innocent of fraud."),
    ("The regulator criticised the merger.", "The regulator praised the merger."),
    # what is to come and what was
    ("The plant will open in May.", "The plant opened in May."),
    ("The company is going to sell its chip unit next year.", "The company has sold its chip unit."),
    ("We sold the chip unit to Intel last year.", "The chip unit will be sold to Intel."),
    # a part of them
    ("Many of the hospitals in the study lost money.", "The hospitals in the study lost money."),
    ("Half of the patients got better within a week.", "Patients got better within a week."),
    ("Most startups that raised in 2021 never grew into their price.",
     "Startups that raised in 2021 never grew into their price."),
    # cause and effect
    ("Margins are high at Nvidia because TSMC has no second customer.",
     "TSMC has no second customer because margins are high at Nvidia."),
    ("The bridge closed due to the flood in the valley.", "The flood in the valley was due to the bridge closing."),
    ("Because the rent rose, the bakery closed.", "The rent rose because the bakery closed."),
    # what nobody has shown, and what is so by itself
    ("Nobody has shown that the chips are safe in the cold.", "The chips are not safe in the cold."),
    ("There is no evidence that the drug works in children.", "The drug does not work in children."),
    ("Synthetic data alone makes the model worse.", "Synthetic data makes the model worse."),
    # how far it went, areas, opposites
    ("We cut the bill by forty percent.", "The bill was cut to forty percent."),
    ("A gallon covers four hundred square feet.", "A gallon covers four hundred square metres."),
    ("The concrete failed its tests twice.", "The concrete passed its tests twice."),
    ("The new paint covers four hundred feet, the old one three hundred.",
     "The old paint covers four hundred feet."),
]  # fmt: skip


@pytest.mark.parametrize(("said", "wording"), CHANGED)
def test_a_wording_that_changes_what_was_said_is_refused(said: str, wording: str) -> None:
    assert fault_of(said, wording)


def test_words_of_the_talk_are_its_own_rewording_also_among_others() -> None:
    said = (
        "He may not. Also, whenever it does not rain in June, the wheat fails if nobody waters it. We sold half of it."
    )
    assert fault_of(said, said) is None
    for sentence in (
        "Also, whenever it does not rain in June, the wheat fails if nobody waters it.",
        "We sold half of it.",
    ):
        assert fault_of(said, sentence) is None


@pytest.mark.parametrize("speaker", [None, "Ann Lee"])
def test_words_are_put_in_no_other_mouth_that_the_feed_or_the_title_names(
    speaker: str | None, settings: Settings
) -> None:
    said = "The deposits cleared forty percent of the queue."
    turn = turns_of([Segment(0, 0, 30, speaker, said)])[0]
    located = Located(turn, 0, len(said), 100.0)
    episode = Episode(
        "ep_1", "f", "Show", "Jane Doe on queues", None, None, "", None, "en", persons=(Person("Joe Fox"),)
    )
    checker = WordingChecker(settings)
    for name in ("Jane Doe", "Joe Fox"):
        found = checker.fault(
            Wording(f"{name} says the deposits cleared 40 percent of the queue.", ""), located, episode, []
        )
        assert (found or "").startswith("speaker: "), found
    assert checker.fault(Wording("The deposits cleared 40 percent of the queue.", ""), located, episode, []) is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How Deposits Cleared the Grid Queues", None),
        ("How Requiring Deposits Clears Queues", None),
        ("How Microsoft Cleared Queues", "Microsoft"),
        ("Clearing the queues", None),
    ],
)
def test_capitals_of_a_title_are_no_names(title: str, name: str | None) -> None:
    assert unsaid_name(title, "deposits cleared the grid's queues", "") == name


@pytest.mark.parametrize(
    ("name", "other", "is_same"),
    [("Ann", "Ann Lee", True), ("Q", "Q", True), ("A.J.", "AJ", False), ("A.J.", "A.J.", True), ("Q", "A", False)],
)
def test_a_speaker_of_initials_alone_is_known_again(name: str, other: str, is_same: bool) -> None:
    assert same_person(name, other) is is_same
