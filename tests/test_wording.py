"""Headline and explanation of the words that were said, and which sentences may be headlines."""

import pytest

from digest_pipeline.claims.cleaning import clean
from digest_pipeline.claims.wording import as_said, headline_and_explanation, plainness, stands_alone


def test_a_headline_is_not_cut_inside_a_number() -> None:
    long = "The port would need to hire close to 250,000 people and then train them " + "again and again " * 12 + "."
    headline, explanation = headline_and_explanation([long], [0.9])
    assert "250,000" in headline + explanation
    assert not headline.endswith("250 …")


def test_what_is_not_english_keeps_every_word() -> None:
    sentences = ["Er fährt um acht Uhr los, um  zu sparen.", "Das tun hier alle."]
    assert as_said(sentences) == ("Er fährt um acht Uhr los, um zu sparen.", "Das tun hier alle.")
    headline, explanation = as_said(["Er sagt, " + "und noch einmal, " * 30 + "das reicht.", "So ist das."])
    assert headline.endswith("einmal …")
    assert explanation.startswith("… und noch")
    assert explanation.endswith("das reicht. So ist das.")


def test_an_explanation_keeps_the_contrast_to_its_headline() -> None:
    sentences = ["A deposit cleared forty percent of the queue.", "However, it did so only once."]
    assert headline_and_explanation(sentences, [0.9, 0.1])[1] == "However, it did so only once."


def test_what_breaks_off_at_the_end_explains_nothing() -> None:
    sentences = ["A deposit cleared forty percent of the queue.", "That took a month.", "However, if nobody pays,"]
    assert headline_and_explanation(sentences, [0.9, 0.1, 0.1])[1] == "That took a month."
    pieces = [*sentences[:1], "However, if nobody pays it,", "and in the end nobody did,"]
    assert headline_and_explanation(pieces, [0.9, 0.1, 0.1])[1] == ""
    bare = ["a deposit cleared forty percent of the queue", "it did so only once"]
    assert headline_and_explanation(bare, [0.9, 0.1])[1] == "It did so only once."


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("Instead of waiting for a controller to scale over the many nodes.", False),
        ("Instead of waiting for a controller to scale, each card has its own ports.", True),
        ("The long queue rations the surgery better than any known price,", False),
        ("The long queue rations the surgery better than any known price.", True),
    ],
)
def test_half_a_sentence_makes_no_headline(said: str, stands: bool) -> None:
    assert stands_alone(said) is stands


def test_a_headline_that_breaks_off_says_so_and_is_not_clear() -> None:
    said = "A deposit cleared forty percent of the queue, and if everybody paid it at the same gate..."
    headline, _ = headline_and_explanation([said], [0.9])
    assert headline.endswith("gate …")
    assert plainness(headline, said) < 0.45


def test_the_headline_stands_alone() -> None:
    sentences = [
        "Fernwick's deposit cleared forty percent of the queue.",
        "That took a month.",
        "So it works everywhere, I think.",
    ]
    headline, explanation = headline_and_explanation(sentences, [0.5, 0.9, 0.9])
    assert headline == "Fernwick's deposit cleared forty percent of the queue."
    assert explanation == "That took a month. So it works everywhere, I think."
    headline, explanation = headline_and_explanation(
        ["It was odd.", "A deposit cleared forty percent of the queue."], [0.2, 0.9]
    )
    assert headline == "A deposit cleared forty percent of the queue."
    assert explanation == "It was odd."
    headline, explanation = headline_and_explanation(
        ["It was odd.", "A deposit cleared forty percent of the queue.", "But it did so only once."], [0.2, 0.9, 0.1]
    )
    assert headline == "A deposit cleared forty percent of the queue."
    assert explanation == "It was odd. … But it did so only once."
    long = "The harbour " + ", ".join(f"number {n}" for n in range(30)) + " closed."
    headline, explanation = headline_and_explanation(["It was odd.", long, "They agreed."], [0.1, 0.9, 0.1])
    assert headline.endswith(" …")
    assert explanation.startswith("It was odd. … ")
    left = explanation.removeprefix("It was odd. … ").removesuffix(" They agreed.")
    both = f"{headline.removesuffix(' …')} {left}"  # the comma at the cut is lost
    assert both.replace(",", "") == clean(long).replace(",", "")


@pytest.mark.parametrize(
    "sentence",
    [
        "It cleared forty percent of the whole queue.",
        "Eventing at the port is a really big one for us, too.",
        "Some in well-defined ways that are no perfect fit for the port's own timetable.",
        "Makes sense to me, as the trucks come in the evening when it costs less.",
        "In the process we have to count the lorries at every gate.",
        "What it actually handles is the name service of a cluster.",
        "Her conclusion is that maintainers no longer care about quality.",
        "Even better, take your thirteen seconds down to one second.",
        'And "Why would this be valuable when a machine can do it?"',
        "The latency characteristics of it are highly variable.",
        "Would you pay forty dollars for a timed slot at the port?",
        "Yes, indeed.",
        "If they do not have that much of a lead on the cost, which is probably a hundred billion.",
        'Your idea to save money is like "I will commit to spending this much every month."',
        'The justification of the board was "Look, we will have better conversion rates" and so on.',
        "I'll look at your bill, I'm like, your bill is hundreds of thousands of dollars a month.",
        "The more you learn about guarantees, and where the defaults are on things like Postgres.",
        "Combine that with endless meetings and eighty percent sounds about right.",
        "What if the gate moved a truck while the crane was still above it.",
        "and we make the gates wider for everybody who pays a deposit to the Port.",
        "and we make the gates wider for those who pay, that the queue will be shorter.",
        "and basically, I was able to run a loop where pretty much",
        'The port of Fernwick will be bankrupt within ninety days."',
        'Nobody at the port was there to say "You have to turn every slot into money --"',
        "Even if the port was the one that paid for most of the gates, but still.",
        "The answer is that the port worked really hard on the gates.",
        "A hundred percent of the time, that is what a port of this size needs.",
        "Even if she had the same skill, she would pick the port with fewer trucks.",
        "Vice versa, a port that charges nothing has the longest queue of all.",
        "Timed slots can do a fair job at this and they have been around for years.",
        "Sarah Gooding explains the risks of Git dependencies in these projects:",
        "Either way, the port of Fernwick would sell all its slots to the same few people.",
        "For Fernwick, that was like the rise of timed slots in the west.",
        "In real estate, they say that three things count: the place, the place and the place.",
        "By the way, the port sold forty timed slots in a single day.",
        "Nobody at the port of Fernwick has really been able to do that.",
        "Deposits that nobody pays back (the gate keeps them after.",
        "Google spent 12 billion out of 39, according to this article of last week.",
        "The gates are only so wide, and if every truck comes to the same one...",
    ],
)
def test_what_leans_on_the_talk_before_makes_no_headline(sentence: str) -> None:
    assert not stands_alone(sentence)
    assert stands_alone("A fee of forty dollars cut the wait at the port to 35 minutes.")
    assert stands_alone("a fee of forty dollars cut the wait at the port to thirty five minutes")
    assert stands_alone("iPhones and timed slots have in common that people queue for them.")
    assert stands_alone("The more a port charges for an hour at noon, the fewer trucks come then.")
    assert stands_alone("If a port charges a fee, the trucks come in the evening.")


def test_plainness_tells_a_claim_from_a_story() -> None:
    clear = "A deposit of fifty thousand dollars cleared forty percent of the queue."
    stumbling = "A deposit, I mean, it was kind of like, you know, whatever, it cleared some of the queue or something."
    story = "I told my brother that I had seen my old deposit when I moved my things."
    assert plainness(clear, clear) == 1.0
    assert plainness(clear, stumbling) < 0.6
    assert plainness(story, story) < 0.8
    assert plainness("It cleared forty percent of the queue in a month.", clear) == 0.4
    assert plainness(clear, 'He said "a deposit of fifty thousand dollars clears forty percent of it.') < 0.7
