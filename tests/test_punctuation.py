"""Full stops, commas and capitals where a transcript has none; a quote keeps the transcript's own letters."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench.worthiness.punctuation import as_shipped, fit, talk_of, weights_of
from digest_pipeline.claims.extractive import ExtractiveExtractor
from digest_pipeline.claims.models.punctuation import get_punctuator
from digest_pipeline.claims.sentences import (
    ASKS,
    BEGINS,
    CAPITAL,
    COMMA,
    MARKS,
    MAX_PIECE,
    Punctuator,
    Scores,
    plain_word,
    sentences_of,
    written,
)
from digest_pipeline.claims.spans import spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.claims.wording import is_whole
from digest_pipeline.model_files import encoder_source
from digest_pipeline.models import Episode, Segment
from digest_pipeline.search.passages import passages_of
from digest_pipeline.settings import Settings
from tests.test_reranker import small_encoder

SAID = (
    "So the grid operator in Ireland started to charge every project for its place in the queue.",
    "When they asked for a deposit of ten thousand euros, forty percent of the requests were gone within a month.",
    "Did anybody expect that?",
    "What we found was that most of those projects never had any land.",
    "But nobody had ever looked at the list, because Anna Byrne kept it in a spreadsheet.",
    "It turns out that a fee works better than a rule.",
)
BARE = " ".join(filter(None, map(plain_word, " ".join(SAID).split())))


class ByPlace:
    """A punctuator that is told where its marks are: column by column, at these words."""

    def __init__(self, **places: Sequence[int]) -> None:
        self._places = places

    def rate(self, words: Sequence[str]) -> Scores:
        odds = np.full((len(words), MARKS), -9.0)
        for name, column in (("begins", BEGINS), ("comma", COMMA), ("asks", ASKS), ("capital", CAPITAL)):
            odds[list(self._places.get(name, ())), column] = 9.0
        return odds


@pytest.fixture
def punctuator(settings: Settings) -> Punctuator:
    found = get_punctuator(settings, "en")
    assert found
    return found


def test_words_alone_are_read_as_they_would_be_written(punctuator: Punctuator) -> None:
    found = list(sentences_of(BARE, "en", punctuator))
    assert [plain_word(word) for s in found for word in s.text.split()] == BARE.split()
    assert all(a.end < b.start for a, b in pairwise(found))
    assert all(len(s.text.split()) <= MAX_PIECE for s in found)
    assert all(s.text[0].isupper() and s.text[-1] in ".?" for s in found)
    starts = {sentence.split()[0] + " " + sentence.split()[1] for sentence in SAID}
    assert len(starts & {" ".join(s.text.split()[:2]) for s in found}) >= 4
    text = " ".join(s.text for s in found)
    assert "Ireland" in text
    assert "Anna Byrne" in text


def test_commas_and_question_marks_are_written_too(punctuator: Punctuator) -> None:
    asked = (
        "so what did you learn from that well the first thing is that nobody reads the manual because it is too long"
    )
    first, second = sentences_of(asked, "en", punctuator)
    assert first.text == "So what did you learn from that?"
    assert second.text == "Well, the first thing is that nobody reads the manual because it is too long."


def test_a_claim_of_raw_recognition_is_readable_and_its_quote_is_verbatim(settings: Settings) -> None:
    words = BARE.split()
    cuts = [" ".join(words[i : i + 7]) for i in range(0, len(words), 7)]
    segments = [Segment(i, i * 3.0, i * 3.0 + 3.0, None, text) for i, text in enumerate(cuts)]
    episode = Episode("ep", "https://pod.example/feed", "Pod", "One", None, None, "", None, "en")
    candidates = ExtractiveExtractor(settings).extract(episode, segments).candidates
    assert candidates
    for claim in candidates:
        assert claim.quote in BARE
        assert claim.headline[0].isupper()
        assert claim.headline[-1] in ".?…"


def test_raw_talk_is_cut_for_the_search_where_sentences_begin(punctuator: Punctuator) -> None:
    (turn,) = turns_of([Segment(0, 0.0, 60.0, None, BARE)], "en", punctuator)
    first, *_ = passages_of(turn)
    assert first.text == BARE[: len(first.text)]
    begins = {sentence.start for sentence in turn.sentences}
    assert len(first.text) == len(BARE) or len(first.text) + 1 in begins


@pytest.mark.parametrize(
    ("words", "places", "expected"),
    [
        ("so prices fell", {"comma": [0]}, "So, prices fell."),
        ("did prices fall", {"asks": [2]}, "Did prices fall?"),
        ("i think i met anna", {"capital": [2, 4]}, "I think I met Anna."),
        ("prices fell, and stayed,", {"comma": [1, 3]}, "Prices fell, and stayed."),  # what is there is not doubled
        ("prices fell!", {}, "Prices fell!"),
        ("then Anna spoke to bob", {"capital": [4]}, "Then Anna spoke to bob."),  # whoever wrote capitals wrote all
        ("über prices", {}, "Über prices."),
        ("42 percent fell", {}, "42 percent fell."),
    ],
)
def test_what_is_restored_is_added_to_what_is_there(words: str, places: dict[str, list[int]], expected: str) -> None:
    spoken = words.split()
    assert written(spoken, ByPlace(**places).rate(spoken)) == expected


def test_punctuation_that_is_there_is_left_alone() -> None:
    text = " ".join(SAID)
    assert [s.text for s in sentences_of(text, "en", ByPlace(begins=range(60), comma=range(60)))] == list(SAID)


def test_a_short_turn_of_words_alone_is_read_as_a_sentence_too() -> None:
    (found,) = sentences_of("a fee works better than a rule", "en", ByPlace())
    assert (found.text, found.start, found.end) == ("A fee works better than a rule.", 0, 30)
    (as_it_is,) = sentences_of("a fee works better than a rule", "en")
    assert as_it_is.text == "a fee works better than a rule"


def test_a_span_is_read_with_punctuation_and_quoted_without() -> None:
    (turn,) = turns_of([Segment(0, 0.0, 60.0, None, BARE)], "en", ByPlace(begins=[17], comma=[2]))
    span = next(span for span in spans_of([turn]) if (span.first, span.last) == (0, 1))
    assert span.text.startswith("So the grid, operator")
    assert BARE.startswith(span.quote)
    assert len(span.quote.split()) == len(span.text.split())


def test_a_long_sentence_that_had_to_be_cut_is_known_by_its_pieces() -> None:
    """Written talk of 62 words with one place where a sentence begins, and one where it is only cut at a comma."""
    text = " ".join(["The mill", *["sells its flour"] * 6, "early, while", *["the bakers pay"] * 8, "late and the", *["guild keeps"] * 6, "count."])  # fmt: skip
    begins = text.split().index("guild")
    first, middle, last = sentences_of(text, "en", ByPlace(begins=[begins]))
    assert (first.text[:8], first.text[-6:]) == ("The mill", "early,")
    assert (middle.text[:9], middle.text[-8:]) == ("while the", "and the.")
    assert (last.text[:5], last.text[-6:]) == ("Guild", "count.")
    assert [is_whole(sentence.text) for sentence in (first, middle, last)] == [False, False, True]
    assert " ".join(text[s.start : s.end] for s in (first, middle, last)) == text


def test_without_a_punctuator_long_talk_is_cut_at_commas() -> None:
    text = ", ".join(" ".join(["wort"] * 20) for _ in range(5))
    found = [s.text for s in sentences_of(text, "de")]
    assert " ".join(found) == text
    assert all(len(s.split()) <= MAX_PIECE for s in found)
    assert all(s.endswith(",") for s in found[:-1])


def test_another_language_or_encoder_has_none(settings: Settings, tmp_path: Path) -> None:
    small_encoder(tmp_path)
    assert get_punctuator(settings, "de") is None
    assert get_punctuator(settings, None) is not None
    assert get_punctuator(settings.model_copy(update={"encoder_model": str(tmp_path)}), "en") is None


def test_what_was_hidden_is_what_is_learnt() -> None:
    talk = talk_of("show", 'Dr. Byrne said, "Prices fell." Did they? Yes…')
    assert talk.words == ["dr", "byrne", "said", "prices", "fell", "did", "they", "yes"]
    known = np.nan_to_num(talk.marks, nan=-1)
    assert known[:, BEGINS].tolist() == [1, 0, 0, 0, 0, 1, 0, 1]
    assert known[:, COMMA].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert known[:, ASKS].tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
    assert known[:, CAPITAL].tolist() == [-1, 1, 0, 1, 0, -1, 0, -1]


def test_what_was_learnt_is_what_is_stored() -> None:
    source = encoder_source("auto")
    network = fit(source, [talk_of("show", " ".join(SAID * 20))], steps=2)
    words = BARE.split()
    assert as_shipped(source, weights_of(network)).rate(words) == pytest.approx(network.rate(words), abs=5e-3)


def test_the_punctuation_is_a_part_of_what_a_reading_depends_on(settings: Settings) -> None:
    episode = Episode("ep", "https://pod.example/feed", "Pod", "One", None, None, "", None, "en")
    segments = [Segment(0, 0.0, 60.0, None, BARE)]
    extractor = ExtractiveExtractor(settings)
    assert extractor.turns(episode, segments)[0].sentences[0].text[0] == "S"
    assert extractor.turns(replace(episode, language="de"), segments)[0].sentences[0].text[0] == "s"
