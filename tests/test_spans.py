"""Talk in turns and sentences, and the spans of them that may become claims."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.sentences import MAX_PIECE, plain_word
from digest_pipeline.claims.spans import MAX_SENTENCES, spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.models import Segment
from digest_pipeline.settings import Settings
from tests.talk import SAID

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


def test_talk_without_punctuation_is_cut_where_a_thought_begins(settings: Settings) -> None:
    words = " ".join(plain_word(word) for word in " ".join(SAID).split())
    sentences = turns_of([Segment(0, 0, 60, None, words)], "en", get_punctuator(settings, "en"))[0].sentences
    assert " ".join(words[s.start : s.end] for s in sentences) == words
    assert all(a.end < b.start for a, b in pairwise(sentences))
    assert all(len(s.text.split()) <= MAX_PIECE for s in sentences)
    began = {" ".join(plain_word(word) for word in sentence.split()[:4]) for sentence in SAID}
    found = {" ".join(words[s.start : s.end].split()[:4]) for s in sentences}
    assert len(began & found) >= 5


@pytest.mark.parametrize("is_punctuated", [True, False])
def test_talk_in_capitals_alone_is_shown_as_it_would_be_written(settings: Settings, is_punctuated: bool) -> None:
    said = " ".join(SAID) if is_punctuated else " ".join(plain_word(word) for word in " ".join(SAID).split())
    shouted = said.upper()
    sentences = turns_of([Segment(0, 0, 60, "Ann", shouted)], "en", get_punctuator(settings, "en"))[0].sentences
    assert " ".join(shouted[s.start : s.end] for s in sentences) == shouted
    assert not any(s.text.isupper() for s in sentences)
    assert sum(s.text[0].isupper() and s.text[-1] == "." for s in sentences) >= 5
    assert is_punctuated is (len(sentences) == len(SAID) and sentences[1].text == SAID[1])
    (turn,) = turns_of([Segment(0, 0, 9, "Ann", "NASA, IBM.")], "en", get_punctuator(settings, "en"))
    assert turn.sentences[0].text == "NASA, IBM."


def test_a_long_sentence_with_punctuation_is_cut_but_a_usual_one_is_not() -> None:
    usual = "The queue is longer than the grid, so the operator asked for a deposit, and most of it went away."
    assert [s.text for s in turns_of([Segment(0, 0, 9, "Ann", usual)])[0].sentences] == [usual]
    quoted = 'He calls the deposit "a tax on hope." the operator calls it a filter for the projects.'
    assert len(turns_of([Segment(0, 0, 9, "Ann", quoted)])[0].sentences) == 2


def test_doubtful_words_make_turns_of_their_own_and_words_place_a_sentence() -> None:
    times = ((0.0, 0.4), (0.5, 1.0), (6.0, 6.5), (6.6, 9.0))
    segments = [
        Segment(0, 0, 9, None, "Right then. Grids fail.", word_times=times),
        Segment(1, 9, 18, None, "Perhaps they do not.", doubt="the recogniser is not sure of it"),
    ]
    first, second = turns_of(segments)
    assert (first.doubt, second.doubt) == (None, "the recogniser is not sure of it")
    assert first.locate(first.sentences[1].start, first.sentences[1].end) == (0, 0, 6.0, 9.0)
