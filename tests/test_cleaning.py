"""Talk cleaned of disfluency: what carries nothing goes, what means something stays."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest_pipeline.claims.cleaning import clean
from digest_pipeline.claims.wording import stands_alone


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("And, um, the the queue is, you know, longer than the grid", "The queue is longer than the grid."),
        ("So what we do is th-the cheap thing.", "What we do is the cheap thing."),
        ("You can you can just wait.", "You can just wait."),
        ("But 30% of the failures were hardware.", "30% of the failures were hardware."),
        ("No one likes it.", "No one likes it."),
        ("No, it does not.", "It does not."),
        ("Like a bank, it lends.", "Like a bank, it lends."),
        ("Right now it is cheap.", "Right now it is cheap."),
        ("They had had very, very few, 9 9 9 in all.", "They had had very, very few, 9 9 9 in all."),
        ("I think it may fall [laughter] by 4.5 percent", "I think it may fall by 4.5 percent."),
        (
            "The [pull request] was merged [00:12:03] after two days (crosstalk)",
            "The [pull request] was merged after two days.",
        ),
        ("uh", "uh"),
        (
            'Three things count: "simplicity, simplicity, simplicity."',
            'Three things count: "simplicity, simplicity, simplicity."',
        ),
        ("It is _not_ a **big** snake_case_name ().", "It is not a big snake_case_name."),
        ("They fell, really... So look at them.", "They fell, really. So look at them."),
        ("It fell... and then it rose.", "It fell, and then it rose."),
        ("In other words, five of seven are spam.", "Five of seven are spam."),
        ("So far, nobody came.", "So far, nobody came."),
        ("But also, a fee is a fee.", "A fee is a fee."),
        ("First of all, a fee is a fee.", "A fee is a fee."),
        ("The first is that a fee is a fee.", "A fee is a fee."),
        ("The thing is that most printers are alike.", "Most printers are alike."),
        ("So it turns out that steel is scarce.", "Steel is scarce."),
        ("One important thing here is that a fee is a fee.", "A fee is a fee."),
        ("I think the other interesting thing is that fees rise.", "I think fees rise."),
        ("Then we sold the mill.", "We sold the mill."),
        ("A queue is a price, right? So people leave it, you know?", "A queue is a price. So people leave it."),
        ("It takes th-th-the long way.", "It takes the long way."),
        ("I-I think the-the queue is long.", "I think the queue is long."),
        ("You, you have to, because, because it is cheap.", "You have to, because it is cheap."),
        ("I want to err, er, on the side of queues.", "I want to err, on the side of queues."),
        ("W-we think th-that it is cheap.", "We think that it is cheap."),
        ("The problem is, is that fees rise.", "The problem is that fees rise."),
        ("Because it is cheap.", "It is cheap."),
        ("- Prices fell.", "Prices fell."),
        ("Three things count:", "Three things count."),
        (r"\[08:07\] So the queue is longer.", "The queue is longer."),
    ],
)
def test_cleaning_removes_stumbling_and_keeps_facts(said: str, shown: str) -> None:
    assert clean(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "I'm not not paying for the queue.",
        "You follow the price, it falls at night.",
        "The two go hand in hand in that market.",
        "The price gets lower and lower and fees must rise.",
        "Whatever you do, do NOT sell at noon.",
        "What it is is hard.",
        "Twenty twenty was the worst year.",
        "The score was ten ten at half time.",
        "New York, New York is a song.",
        "Re-read the contract.",
        "Well over half of all the trucks wait.",
        "Well water is contaminated.",
        "However long it has been, the queue stays.",
        "Now is the time to charge.",
        "But for the war, oil would be at fifty dollars.",
        "Of course not, the bank will not cut.",
        "No. 1 on the list is rent.",
        "Obviously wrong answers cost more.",
        "ER visits rose by forty percent.",
        "Or it fires half of its people.",
        "The problem is that a fee is a fee.",
        "The only thing is that fees rise.",
        "Then prices fell.",
        "Is that right?",
        "Did they get it right?",
        # a hyphen of another kind
        "A port of 10-100 gates pays less.",
        "They run on 9-9-6.",
        "It is a 50-50 chance.",
        "A one-on-one is cheap.",
        "It is a win-win.",
        "An ex-executive left.",
        "She is a no-nonsense manager.",
        "On D-Day they landed at dawn.",
        "A C-corp pays tax twice.",
        "The T-test shows nothing.",
        "An e-education firm failed.",
        # the same words once as a condition
        "When it's gone it's gone.",
        "If you lose, you lose.",
        "Whatever it costs it costs.",
        "The question is, is it worth the money?",
        "Because the deposit was high, forty percent of them left.",
        "-5 percent is what we lost last year.",
        "Uh-huh, that is right.",
        # the end of one clause and the beginning of the next
        "I promise you, you don't.",
        "They do not care about this, this is correct.",
        "It locks you in, in practice.",
        "It matters what it is made of, of course.",
        "The tools that we have have changed.",
        "The more you know, the more you know about queues.",
        # a correction
        "It raised five, I mean, fifteen million dollars.",
        "It raised five -- I mean, fifteen million dollars.",
        # words that look like others
        "To err is human.",
        "The .io domain and .NET are old.",
        "They like Java, .NET and C.",
        "iPhone users pay more.",
        "eBPF runs in the kernel.",
    ],
)
def test_cleaning_leaves_alone_what_means_something(said: str) -> None:
    assert clean(said) == said


@pytest.mark.parametrize("mark", ["[inaudible]", "[unintelligible 00:26:08.21]", r"\[unintelligible\]", "(inaudible)"])
def test_words_that_nobody_made_out_leave_a_gap_that_makes_no_headline(mark: str) -> None:
    said = f"We do {mark} encrypt the backups of all our customers."
    assert clean(said) == "We do […] encrypt the backups of all our customers."
    assert clean(clean(said)) == clean(said)
    assert not stands_alone(said)
    assert stands_alone(said.replace(mark, "[laughter]"))


@given(
    st.lists(
        st.sampled_from(["not", "no", "never", "4", "4.5", "40%", "$3", "Ann", "may", "a", "queue", "fell"]),
        min_size=1,
        max_size=12,
    )
)
@example(["not", "no", "4", "no", "4.5"])
def test_cleaning_never_drops_a_number_a_name_or_a_negation(words: list[str]) -> None:
    deduplicated = [w for w, before in zip(words, [None, *words[:-1]], strict=True) if w != before]
    kept = clean(" ".join(deduplicated)).rstrip(".").lower().split()
    assert set(kept) >= {w.lower() for w in words} - {"a", "no"} or " ".join(kept) in " ".join(deduplicated).lower()
