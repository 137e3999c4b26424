"""Claims: turns and sentences, spans, wording, the extractive extractor."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest_pipeline.claims.cleaning import clean
from digest_pipeline.claims.extractive import (
    ExtractiveExtractor,
    prefer_headlines,
    raise_highlights,
    select_spans,
)
from digest_pipeline.claims.punctuation import get_punctuator
from digest_pipeline.claims.sentences import MAX_PIECE, plain_word
from digest_pipeline.claims.spans import MAX_SENTENCES, spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.claims.wording import as_said, headline_and_explanation, plainness, stands_alone
from digest_pipeline.claims.worthiness import load_model, worth_in_context
from digest_pipeline.demo import DemoNetwork
from digest_pipeline.models import Episode, Segment, Soundbite
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ads import flag_ads
from digest_pipeline.transcripts.publisher import parse_transcript

WORDS = st.sampled_from(
    ["grid", "queue", "longer", "than", "um", "why?", "built.", "costs", "40", "percent,", "Fernwick", "but"]
)
SEGMENTS = st.lists(
    st.tuples(st.sampled_from([None, "Ann", "Bob"]), st.lists(WORDS, min_size=1, max_size=40), st.booleans()),
    min_size=1,
    max_size=12,
)


def make_segments(rows: list[tuple[str | None, list[str], bool]]) -> list[Segment]:
    return [
        Segment(i, i * 10.0, i * 10.0 + 9.0, speaker, " ".join(words), is_ad, "sponsor read" if is_ad else None)
        for i, (speaker, words, is_ad) in enumerate(rows)
    ]


@given(SEGMENTS)
def test_spans_are_verbatim_inside_one_turn_and_placed_in_time(rows: list[tuple[str | None, list[str], bool]]) -> None:
    segments = make_segments(rows)
    turns = turns_of(segments)
    assert " ".join(turn.text for turn in turns) == " ".join(segment.text for segment in segments)
    for span in spans_of(turns):
        first, last, start, end = span.turn.locate(span.sentences[0].start, span.sentences[-1].end)
        touched = segments[first : last + 1]
        assert span.quote in " ".join(segment.text for segment in touched)
        assert {(s.speaker, s.is_ad) for s in touched} == {(span.turn.speaker, span.turn.is_ad)}
        assert touched[0].start_seconds <= start < end <= touched[-1].end_seconds
        assert 1 <= len(span.sentences) <= MAX_SENTENCES


def test_talk_without_spaces_between_words_is_named_as_unreadable(settings: Settings) -> None:
    episode = Episode("ep", "f", "秀", "排队", None, None, "", None, "zh")
    segments = [Segment(i, i * 4, i * 4 + 4, None, "押金让排队时间缩短了百分之四十。") for i in range(40)]
    extraction = ExtractiveExtractor(settings).extract(episode, segments)
    assert extraction.candidates == ()
    assert (extraction.note or "").startswith("秀 · 排队: its script puts no spaces between words")


def test_sentences_are_put_together_from_segments() -> None:
    segments = [
        Segment(0, 0, 4, "Ann", "The queue is twice as long"),
        Segment(1, 4, 8, "Ann", "as the grid. Most of it"),
        Segment(2, 8, 12, "Ann", "is never built."),
        Segment(3, 12, 13, "Bob", "Really?"),
    ]
    turns = turns_of(segments)
    assert [[s.text for s in turn.sentences] for turn in turns] == [
        ["The queue is twice as long as the grid.", "Most of it is never built."],
        ["Really?"],
    ]
    sentence = turns[0].sentences[1]
    first, last, start, end = turns[0].locate(sentence.start, sentence.end)
    assert (first, last, end) == (1, 2, 12.0)
    assert 4 < start < 8


def test_a_thought_that_another_voice_cuts_off_makes_no_span() -> None:
    whole = "The operator asked everybody in the queue for a deposit of ten thousand dollars in March."
    cut = "And if they do not pay it within a month of the day on which it was asked for,"
    turns = turns_of([Segment(0, 0, 9, "Ann", f"{whole} {cut}"), Segment(1, 9, 12, "Bob", "Really?")])
    assert [span.quote for span in spans_of(turns)] == [whole]


def test_a_pause_before_a_capital_letter_ends_a_sentence() -> None:
    (turn,) = turns_of(
        [Segment(0, 0, 9, "Ann", "Nobody knows the rule, really... So look at what you get... and pay.")]
    )
    assert [s.text for s in turn.sentences] == [
        "Nobody knows the rule, really...",
        "So look at what you get... and pay.",
    ]


SAID = (
    "So the operator asked everybody in the queue for a deposit of ten thousand dollars.",
    "I think that was the right thing to do.",
    "And within a month forty percent of the requests were gone.",
    "What we found was that most of those projects never had any land.",
    "But the other thing is that nobody had ever looked at the list.",
    "They just kept it in a spreadsheet.",
    "It turns out that a fee works better than a rule.",
)


def test_talk_without_punctuation_is_cut_where_a_thought_begins(settings: Settings) -> None:
    words = " ".join(plain_word(word) for word in " ".join(SAID).split())
    sentences = turns_of([Segment(0, 0, 60, None, words)], "en", get_punctuator(settings, "en"))[0].sentences
    assert " ".join(words[s.start : s.end] for s in sentences) == words
    assert all(a.end < b.start for a, b in pairwise(sentences))
    assert all(len(s.text.split()) <= MAX_PIECE for s in sentences)
    began = {" ".join(plain_word(word) for word in sentence.split()[:4]) for sentence in SAID}
    found = {" ".join(words[s.start : s.end].split()[:4]) for s in sentences}
    assert len(began & found) >= 5


def test_a_long_sentence_with_punctuation_is_cut_but_a_usual_one_is_not() -> None:
    usual = "The queue is longer than the grid, so the operator asked for a deposit, and most of it went away."
    assert [s.text for s in turns_of([Segment(0, 0, 9, "Ann", usual)])[0].sentences] == [usual]
    quoted = 'He calls the deposit "a tax on hope." the operator calls it a filter for the projects.'
    assert len(turns_of([Segment(0, 0, 9, "Ann", quoted)])[0].sentences) == 2


def test_a_publishers_highlight_raises_the_worth_of_what_it_holds() -> None:
    spans = list(spans_of(turns_of([Segment(i, i * 10, i * 10 + 10, "Ann", text) for i, text in enumerate(SAID)])))
    worth = np.full(len(spans), 0.4)
    raised = raise_highlights(spans, worth, [Soundbite(0.0, 20.0)], has_own_times=True)
    first = next(i for i, span in enumerate(spans) if (span.first, span.last) == (0, 0))
    last = next(i for i, span in enumerate(spans) if span.first == 5)
    assert raised[first] == pytest.approx(0.7)
    assert raised[last] == 0.4
    assert raise_highlights(spans, worth, [], has_own_times=True) is worth


@pytest.mark.parametrize(
    ("bite", "is_found"),
    [
        (Soundbite(0.0, 150.0), False),
        (Soundbite(0.0, 150.0, "What the operator did"), False),
        (Soundbite(600.0, 20.0, "The operator asked everybody in the queue for a deposit"), True),
        (Soundbite(0.0, 150.0, "The operator"), False),
    ],
)
def test_a_highlight_is_found_by_its_title_where_times_are_estimated(bite: Soundbite, is_found: bool) -> None:
    published = parse_transcript("\n\n".join(SAID).encode(), "text", duration_seconds=900.0)
    assert not published.has_own_times
    spans = list(spans_of(turns_of(published.segments)))
    worth = np.full(len(spans), 0.4)
    raised = raise_highlights(spans, worth, [bite], has_own_times=published.has_own_times)
    first = next(i for i, span in enumerate(spans) if span.quote == SAID[0])
    assert raised[first] == pytest.approx(0.7 if is_found else 0.4)
    assert {round(float(raised[i]), 2) for i, span in enumerate(spans) if SAID[0] not in span.quote} == {0.4}


def test_worth_grows_with_what_stands_around_and_with_length() -> None:
    spans = list(spans_of(turns_of([Segment(i, i * 10, i * 10 + 10, "Ann", text) for i, text in enumerate(SAID)])))
    rated = np.array([1.0 if span.first == 0 else 0.0 for span in spans])
    plain = worth_in_context(spans, rated, 0.0)
    late = next(i for i, span in enumerate(spans) if span.first == 5)
    early = next(i for i, span in enumerate(spans) if span.first == 1)
    assert plain[early] > plain[late]
    longer = worth_in_context(spans, np.zeros(len(spans)), 1.0)
    assert np.argmax(longer) == np.argmax([span.words for span in spans])


def test_candidates_of_an_episode_are_apart_and_differ() -> None:
    spans = list(spans_of(turns_of([Segment(i, i * 10, i * 10 + 10, "Ann", text) for i, text in enumerate(SAID * 6)])))
    vectors = np.eye(len(spans), dtype=np.float32)
    chosen = select_spans(spans, vectors, np.linspace(1, 0, len(spans)), 5)
    assert len(chosen) >= 3
    assert not any(spans[a].is_near(spans[b], 25) for a in chosen for b in chosen if a != b)
    alike = select_spans(spans, np.ones((len(spans), 1), dtype=np.float32), np.linspace(1, 0, len(spans)), 5)
    assert alike == chosen[:1]


def test_a_span_without_a_headline_gives_way_to_one_that_has_it_and_is_nearly_as_good() -> None:
    said = [
        "It then took them all the way down to the last of those in the end.",
        "A deposit of ten thousand dollars cleared forty percent of the queue.",
    ]
    spans = list(spans_of(turns_of([Segment(i, i * 10, i * 10 + 10, "Ann", text) for i, text in enumerate(said)])))
    pointing = next(i for i, span in enumerate(spans) if (span.first, span.last) == (0, 0))
    both = next(i for i, span in enumerate(spans) if (span.first, span.last) == (0, 1))
    worth = np.where(np.arange(len(spans)) == pointing, 0.6, 0.4)
    worth[both] = 0.5
    assert prefer_headlines(spans, worth, [pointing]) == [both]
    assert prefer_headlines(spans, np.where(np.arange(len(spans)) == pointing, 0.9, 0.4), [pointing]) == [pointing]


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


def test_the_extractor_finds_substance_and_refuses_advertisements(settings: Settings, network: DemoNetwork) -> None:
    show = network.shows["the-warm-cache"]
    script = show["episodes"][0]
    segments = flag_ads(parse_transcript(network.transcript(script, "json").encode(), "json").segments, set())
    episode = Episode("ep_1", "https://x.example/feed", show["title"], script["title"], None, None, "", None, "en")
    extractor = ExtractiveExtractor(settings)
    extraction = extractor.extract(episode, segments)
    usable = [c for c in extraction.candidates if c.rejected_reason is None]
    assert len(usable) >= 4
    assert all("advertisement" in (c.rejected_reason or "") for c in extraction.candidates if c.is_ad)
    said = " ".join(segment.text for segment in segments)
    for candidate in usable:
        assert candidate.quote in said
        assert "fernwick" not in candidate.quote.lower()
        assert not candidate.quote.endswith("?")
        assert 0 <= candidate.worthiness <= 1
    assert extractor.extract(episode, segments) == extraction
    assert load_model().encoder == "all-MiniLM-L6-v2"


def test_an_episode_without_sentences_has_no_candidates(settings: Settings) -> None:
    episode = Episode("ep_1", "f", "Show", "Title", None, None, "", None, "en")
    assert ExtractiveExtractor(settings).extract(episode, [Segment(0, 0, 1, None, "Hm.")]).candidates == ()


def test_doubtful_words_make_turns_of_their_own_and_words_place_a_sentence() -> None:
    times = ((0.0, 0.4), (0.5, 1.0), (6.0, 6.5), (6.6, 9.0))
    segments = [
        Segment(0, 0, 9, None, "Right then. Grids fail.", word_times=times),
        Segment(1, 9, 18, None, "Perhaps they do not.", doubt="the recogniser is not sure of it"),
    ]
    first, second = turns_of(segments)
    assert (first.doubt, second.doubt) == (None, "the recogniser is not sure of it")
    assert first.locate(first.sentences[1].start, first.sentences[1].end) == (0, 0, 6.0, 9.0)
