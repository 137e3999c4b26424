"""The extractive extractor: which spans it chooses, and what raises their worth."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from digest_pipeline.claims.extractive import (
    ExtractiveExtractor,
    prefer_headlines,
    prefer_whole,
    raise_highlights,
    select_spans,
)
from digest_pipeline.claims.models.worthiness import load_model, worth_in_context
from digest_pipeline.claims.sentences import Sentence
from digest_pipeline.claims.spans import spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.demo import DemoNetwork
from digest_pipeline.models import Episode, Segment, Soundbite
from digest_pipeline.settings import Settings
from digest_pipeline.transcripts.ads.flags import flag_ads
from digest_pipeline.transcripts.publisher.choice import parse_transcript
from tests.talk import SAID


def test_talk_without_spaces_between_words_is_named_as_unreadable(settings: Settings) -> None:
    episode = Episode("ep", "f", "秀", "排队", None, None, "", None, "zh")
    segments = [Segment(i, i * 4, i * 4 + 4, None, "押金让排队时间缩短了百分之四十。") for i in range(40)]
    extraction = ExtractiveExtractor(settings).extract(episode, segments)
    assert extraction.candidates == ()
    assert (extraction.note or "").startswith("秀 · 排队: its script puts no spaces between words")


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


BROKEN = (
    "The deposit that the operator asked for cut the queue for the grid by forty percent within a single year. However,"
    " if nobody had asked for one, which is what the regulator wanted to see in the first place,"
)


def test_a_span_that_breaks_off_gives_way_to_its_whole_sentences() -> None:
    (turn,) = turns_of([Segment(0, 0, 20, "Ann", BROKEN), Segment(1, 20, 40, "Ann", "then the queue had grown.")])
    borders = [0, BROKEN.index("However"), BROKEN.index("which is"), len(BROKEN) + 1, len(turn.text) + 1]
    pieces = [Sentence(turn.text[a : b - 1], a, b - 1) for a, b in pairwise(borders)]
    spans = list(spans_of([replace(turn, sentences=tuple(pieces))]))
    whole, one, two, ended = (next(i for i, s in enumerate(spans) if (s.first, s.last) == (0, n)) for n in range(4))
    assert [spans[row].broken_off for row in (whole, one, two, ended)] == [0, 1, 2, 0]
    worth = np.full(len(spans), 0.5)
    worth[[one, two, ended]] = 0.6
    assert prefer_whole(spans, worth, [one]) == [whole]
    assert prefer_whole(spans, worth, [two]) == [whole]
    assert prefer_whole(spans, worth, [ended]) == [ended]
    assert prefer_whole(spans, worth - 1, [two]) == [two], "a refused one stays as it is"
    worth[two] = 0.7
    assert prefer_whole(spans, worth, [two]) == [two], "much is lost with what breaks off"


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
