"""Rewordings held against the talk: what changes a fact is refused, what keeps it passes. A table of spoken sentences."""

import pytest

from digest_pipeline.claims.checker import WordingChecker
from digest_pipeline.claims.faithfulness import Wording, unfaithful
from digest_pipeline.claims.grounding import Located
from digest_pipeline.claims.names import unsaid_name
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Episode, Person, Segment
from digest_pipeline.settings import Settings

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
]  # fmt: skip
KEPT = [  # (said, a wording that says the same)
    # verbatim
    ("GPT-4 costs ten times more than GPT-3.", "GPT-4 costs ten times more than GPT-3."),
    ("The new model is better than the old model.", "The new model is better than the old model."),
    ("If it rains, unless you have a roof, you can't play, and nobody wants that.",
     "If it rains, unless you have a roof, you can't play, and nobody wants that."),
    ("Critics say it nearly failed and may never pay back the half a million dollars.",
     "Critics say it nearly failed and may never pay back the half a million dollars."),
    # fronted and moved phrases
    ("Deposits did not shorten the queue in Ohio.", "In Ohio, deposits did not shorten the queue."),
    ("First movers rarely win in software.", "In software, first movers rarely win."),
    ("Cutting the price by ten percent doubled the sales of the book.",
     "Cutting the price by ten percent doubled the sales of the book."),
    ("We cut the price and the sales of the book doubled.", "Cutting the price doubled the sales of the book."),
    ("You cannot patch a satellite after launch, so the firmware has to be right.",
     "After launch, you cannot patch a satellite, so its firmware has to be right."),
    # conditions
    ("If the Fed cuts rates, housing recovers.", "Housing recovers if the Fed cuts rates."),
    ("If the Fed cuts rates, housing recovers.", "If the Fed cuts its rates, housing will recover."),
    ("Unless the bank gets a loan, the bank fails.", "The bank fails unless it gets a loan."),
    ("Unless the bank gets a loan, the bank fails.", "Without a loan the bank fails."),
    ("If you freeze the bread, it keeps for three months.", "Bread keeps for three months if frozen."),
    ("You know, if you water tomatoes at night, they get blight.", "Tomatoes get blight when you water them at night."),
    ("We closed the office, and if somebody needs a desk, we rent one.", "They closed the office."),
    # doubt
    ("There is a chance that rates will fall.", "Rates may fall."),
    ("Rates are expected to fall this year.", "Rates will probably fall this year."),
    ("Rates are expected to fall this year.", "Rates are likely to fall this year."),
    ("I think the drug works better than the old one.", "Ann Lee thinks the drug works better than the old one."),
    ("Maybe the gene explains the disease.", "The gene may explain the disease."),
    ("You can run the whole model on a laptop.", "The whole model runs on a laptop."),
    ("The drug can stop the cancer.", "The drug can stop the cancer in time."),
    ("There's no doubt that the glacier is melting.", "The glacier is melting."),
    ("It probably costs them a fortune to run those servers.", "Running those servers probably costs a fortune."),
    # intended, almost, over
    ("The bank plans to raise its rates.", "The bank wants to raise its rates."),
    ("The bank plans to raise its rates.", "The bank intends to raise rates."),
    ("They used to pay for the software.", "They paid for the software."),
    ("They used to pay for the software.", "In the past, they used to pay for the software."),
    ("The bank almost failed.", "The bank nearly failed."),
    ("I want to say that bees see ultraviolet light.", "Bees see ultraviolet light."),
    ("The money is used to pay for the new school.", "The money pays for the new school."),
    ("Ada was replaced by Rust in the new controller.", "In the new controller, Rust replaced Ada."),
    # how often, how many
    ("In rare cases the pill raises blood pressure.", "The pill raises blood pressure in rare cases."),
    ("The method sometimes works on small farms.", "The method works in some cases on small farms."),
    ("The method usually works on small farms.", "On small farms the method often works."),
    ("A few banks failed in the crisis.", "A few banks failed in the crisis of the time."),
    ("The drug stops the cancer in mice.", "In mice, the drug stops the cancer."),
    # quantities
    ("It raised half a million dollars.", "It raised $500,000."),
    ("It raised two and a half million dollars.", "It raised $2.5 million."),
    ("It raised a quarter of a million dollars.", "It raised $250,000."),
    ("Growth was minus three percent.", "Growth was -3%."),
    ("Fewer than twenty percent of the users left.", "Under 20% of the users left."),
    ("Nearly twenty percent of the users left.", "Almost 20% of users left."),
    ("Between ten and twenty percent of the users left.", "Ten to twenty percent of the users left."),
    ("Between ten and twenty percent of the users left.", "10-20% of the users left."),
    ("They build ten thousand cars a month.", "They build 10,000 cars per month."),
    ("They build ten thousand cars a month.", "They build 10,000 cars."),
    ("The wall is six feet high.", "The wall is 6 ft high."),
    ("You need 300 grams of flour.", "You need 300 g of flour."),
    ("The price went from ten to four dollars.", "The price fell from $10 to $4."),
    ("In the 1980s the price of oil fell.", "The price of oil fell in the eighties."),
    ("The battery gives 10 megawatt hours.", "The battery gives 10 MWh."),
    ("Prices tripled in a year.", "Prices went up three times in a year."),
    ("We hired twelve really good engineers.", "They hired 12 engineers."),
    ("More than forty percent of the nurses quit.", "Over 40 percent of nurses quit."),
    ("About forty nurses quit last spring.", "Around 40 nurses quit last spring."),
    ("It takes, like, six to eight weeks to train a guide dog.", "Training a guide dog takes six to eight weeks."),
    ("Two thirds of the patients slept better.", "Two thirds of the patients had better sleep."),
    # denial
    ("The tax is neither fair nor efficient.", "The tax is not fair or efficient."),
    ("The tax is neither fair nor efficient.", "The tax is neither efficient nor fair."),
    ("It is a myth that sugar makes children wild.", "Sugar does not make children wild."),
    ("The minister denied that he took the money.", "The minister denied taking the money."),
    ("The bridge is unsafe for trucks.", "For trucks the bridge is unsafe."),
    ("The court rejected the merger.", "The merger was rejected by the court."),
    ("The shot prevents infection in adults but not in children.", "The shot prevents infection in adults."),
    ("They closed all plants but one.", "All plants except one were closed."),
    ("Honestly, nobody reads the manual.", "Nobody reads the manual."),
    ("There isn't a single vaccine that never causes a fever.", "There isn't a vaccine that never causes fever."),
    # who said it, who did it
    ("Critics say the dam destroys the river.", "Critics claim the dam destroys the river."),
    ("Critics say the dam destroys the river.", "According to critics the dam destroys the river."),
    ("Apple sued Google over the patent.", "Google was sued by Apple over the patent."),
    ("Apple sued Google over the patent.", "Over the patent, Apple sued Google."),
    ("The dam destroys the river.", "Ann Lee says the dam destroys the river."),
    ("I'd say the hardest part of a marathon is the last ten kilometers.",
     "The last ten kilometers are the hardest part of a marathon, Ann Lee says."),
    ("Wind was cheaper than coal in Texas.", "In Texas wind was cheaper than coal."),
    ("Monks in the ninth century copied these books by hand.", "These books were copied by hand by monks."),
    ("We saw that teams with fewer meetings shipped more features.", "Teams with fewer meetings shipped more features."),
    ("So what happens is the kidneys filter about 180 liters of fluid every day.",
     "The kidneys filter about 180 liters of fluid a day."),
    # of many kinds
    ("If interest rates stay high, small builders go under.", "Small builders go under if interest rates stay high."),
    ("If you have more than ten engineers, you need a platform team.",
     "Companies with more than ten engineers need a platform team."),
    ("If you drink coffee after lunch, you sleep worse.", "Drinking coffee after lunch makes you sleep worse."),
    ("When you drain a peat bog, it starts to release carbon.", "Draining a peat bog makes it release carbon."),
    ("The reactor could be running by 2030.", "The reactor may be running by 2030."),
    ("I think the biggest risk for a farm is the third dry year in a row.",
     "The biggest risk for a farm is probably the third dry year in a row."),
    ("I really believe that reading aloud is the best thing that a parent can do.",
     "Ann Lee believes reading aloud is the best thing a parent can do."),
    ("Most startups that raise a seed round never raise again.",
     "Most startups never raise again after a seed round."),
    ("Sometimes the cheapest fix is to delete the feature.", "The cheapest fix is sometimes to delete the feature."),
    ("Some economists argue that tariffs raise wages.", "Some economists say tariffs raise wages."),
    ("It's a misconception that lightning never strikes twice.",
     "It is a misconception that lightning never strikes twice."),
    ("The startup burned through two and a half million in six months.",
     "The startup burned 2.5 million in six months."),
    ("Roughly a third of the water leaks before it reaches a tap.",
     "About a third of the water leaks before it reaches a tap."),
    ("It costs about five dollars per kilogram.", "It costs about $5 per kg."),
    ("It costs about five dollars per kilogram.", "It costs around $5 a kilogram."),
    ("Less than one percent of the plastic is recycled.", "Less than 1% of plastic is recycled."),
    ("Less than one percent of the plastic is recycled.", "Under 1 percent of the plastic gets recycled."),
    ("Sales went from nine million to four million units.", "Sales dropped from nine million to four million units."),
    ("Doctors rarely test for the mutation.", "The mutation is rarely tested for by doctors."),
    ("Tesla bought SolarCity in 2016.", "In 2016, Tesla bought SolarCity."),
    ("Tesla bought SolarCity in 2016.", "SolarCity was bought by Tesla in 2016."),
    ("The old compiler was twice as fast as the new one.", "The old compiler was two times as fast as the new one."),
    ("Ozempic seems to lower the desire for alcohol.", "Ozempic appears to lower the desire for alcohol."),
    ("Nearly half of the teachers have a second job.", "Almost half of teachers have a second job."),
    ("The law applies to companies with at least fifty employees.",
     "The law applies to companies with 50 or more employees."),
    ("I'm not convinced that remote work hurts productivity.",
     "Ann Lee is not convinced that remote work hurts productivity."),
    ("Farmers used to burn the straw after harvest.", "Farmers once burned the straw after harvest."),
    ("Only two of the twelve boats came back.", "Two of twelve boats came back."),
    ("We were able to cut the build from forty minutes down to six.", "They cut the build from 40 minutes to 6."),
    ("And what we found was that the nurses, you know, they spend like thirty percent of their time on paperwork.",
     "Nurses spend about 30% of their time on paperwork."),
    ("The thing that surprised me is that octopuses, they have most of their neurons in their arms.",
     "Octopuses have most of their neurons in their arms."),
    ("So a single blue whale eats about four tons of krill every day in the summer.",
     "In summer a blue whale eats about 4 tons of krill a day."),
    ("It's not that people don't want to move, it's that there's no housing.",
     "People want to move, but there is no housing."),
    ("Bees can recognize human faces.", "Bees can recognize human faces, Ann Lee says."),
    ("You can grow tomatoes on a balcony if you have six hours of sun.",
     "Tomatoes can be grown on a balcony with six hours of sun."),
    ("The first thing that breaks when a team doubles is communication.",
     "Communication is the first thing that breaks when a team doubles."),
    ("Our churn fell by half after we called every new customer.",
     "Churn fell 50 percent after they called every new customer."),
    ("In Denmark, wind covers more than half of the demand.", "Wind covers over half of demand in Denmark."),
    ("Postgres is fine until you have around a hundred million rows.",
     "Postgres is fine up to around a hundred million rows."),
    ("They never charged for the first version.", "The first version was never charged for."),
    ("He sold the company for 1.2 billion dollars and then he regretted it.",
     "He sold the company for $1.2 billion and regretted it."),
    ("A ton of cement puts almost a ton of carbon dioxide in the air.",
     "Making a ton of cement releases almost a ton of carbon dioxide."),
    ("The Romans built roads that are still in use.", "Roads built by the Romans are still in use."),
    ("We should tax land, not buildings.", "Land should be taxed instead of buildings."),
    ("Every time we raised the price, we sold more.", "Each time they raised the price, they sold more."),
    ("The average American throws away eighty pounds of clothing a year.",
     "The average American throws away 80 pounds of clothes per year."),
    ("Nobody has ever proven that the supplement works.", "It has never been proven that the supplement works."),
    ("Children who read for twenty minutes a day see almost two million words a year.",
     "Children who read 20 minutes a day see nearly 2 million words a year."),
    ("The city plans to add five hundred bus lanes by 2027.", "By 2027, the city plans to add 500 bus lanes."),
    ("Unlike cats, dogs look at people when they are stuck.",
     "Dogs look at people when they are stuck, unlike cats."),
    ("You usually get the visa in three to five weeks.", "The visa usually takes three to five weeks."),
    ("Before the war, Ukraine grew a tenth of the world's wheat.",
     "Ukraine grew a tenth of the world's wheat before the war."),
    ("If the ice melts, the sea rises by seven meters.", "If the ice melts, sea levels rise seven metres."),
    # asked, and told as well
    ("Why are fees so high? Because the mempool is full.", "Fees are high because the mempool is full."),
    ("Does coffee harm sleep? Yes, it does.", "Coffee harms sleep."),
    ("Does coffee harm sleep? We know that coffee harms sleep.", "Coffee harms sleep."),
    ("Did you know that octopuses have three hearts?", "Octopuses have three hearts."),
    ("Do you want fast builds? Then cache the dependencies.", "Fast builds need cached dependencies."),
    ("Does caffeine cause cancer?", "The speaker asks whether caffeine causes cancer."),
    ("Whether you like it or not, the bank will fail next year.", "The bank will fail next year."),
    ("It costs, let's say, forty dollars a month to run the server.", "It costs forty dollars a month to run the server."),
    ("Only large banks can afford the audit.", "Just the large banks can afford the audit."),
    ("I used to believe that tests are a waste of time.", "Ann Lee once believed tests are a waste of time."),
    ("Fees are low at night and high at noon in the market.", "Fees in the market are high at noon."),
    ("In the short run prices rose, in the long run they fell.", "In the long run prices fell."),
]  # fmt: skip
PEOPLE = ["Ann Lee", "Bob Ray"]


def fault_of(said: str, wording: str) -> str | None:
    turn = turns_of([Segment(0, 0, 30, "Ann Lee", said)])[0]
    return unfaithful(Wording(wording, ""), Located(turn, 0, len(said), 100.0), known=" ".join(PEOPLE), speakers=PEOPLE)


@pytest.mark.parametrize(("said", "wording"), CHANGED)
def test_a_wording_that_changes_what_was_said_is_refused(said: str, wording: str) -> None:
    assert fault_of(said, wording)


@pytest.mark.parametrize(("said", "wording"), KEPT)
def test_a_wording_that_keeps_what_was_said_passes(said: str, wording: str) -> None:
    assert fault_of(said, wording) is None


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
