"""The talk rater: every word of an episode rated where it stands."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench.worthiness import episodes as labelled_episodes
from bench.worthiness.episodes import note_trained_on
from bench.worthiness.talk import KEPT, fit, talks_of, weights_of
from digest_pipeline.claims.extractive import ADVERTISES
from digest_pipeline.claims.models.talk_rater import OUTPUTS, get_talk_rater, rate_spans
from digest_pipeline.claims.models.tuned_encoder import STRETCH, TalkEncoder
from digest_pipeline.claims.models.worthiness import TALK_SHARE, Scores, worth_in_talk
from digest_pipeline.claims.spans import spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source
from digest_pipeline.models import Segment
from digest_pipeline.settings import Settings
from tests.test_reranker import CHATTER, CLAIM, small_encoder

QUESTION = "So what did you find out about batteries in winter?"


def test_the_words_of_a_claim_are_worth_more_than_those_of_chatter(settings: Settings) -> None:
    words = f"{CHATTER} {QUESTION} {CLAIM}".split(" ")
    rated = get_talk_rater(settings).rate(words)[:, 0]
    claim, chatter = len(CLAIM.split(" ")), len(CHATTER.split(" "))
    assert rated.shape == (len(words),)
    assert rated[-claim:].mean() > rated[:chatter].mean() + 0.1


def test_a_word_that_a_talk_repeats_is_cut_into_tokens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, asked = TalkEncoder(encoder_source("auto")), list[str]()
    words = f"{CLAIM} {CLAIM}".split(" ")
    cut = network.tokenizer
    numbers = [cut(word, add_special_tokens=False)["input_ids"] for word in words]

    def tokenizer(texts: Sequence[str], **options: object) -> object:
        asked.extend(texts)
        return cut(texts, **options)

    monkeypatch.setattr(network, "tokenizer", tokenizer)
    ids, starts = network.tokens(words)
    assert len(asked) == len(set(words))
    assert [ids[a:b] for a, b in pairwise(starts)] == numbers


def test_what_sells_advertises_and_what_claims_does_not(settings: Settings) -> None:
    offer = (
        "This episode is brought to you by Fernwick. Go to fernwick.com slash talk and use the code TALK at checkout "
        "for twenty percent off your first order. That is fernwick.com slash talk."
    )
    words = f"{offer} {QUESTION} {CLAIM}".split(" ")
    odds = get_talk_rater(settings).rate(words)[:, 1]
    assert odds[: len(offer.split(" "))].mean() > ADVERTISES > odds[-len(CLAIM.split(" ")) :].mean()


def test_what_stands_around_words_counts(settings: Settings) -> None:
    rater, count = get_talk_rater(settings), len(CLAIM.split(" "))
    alone = rater.rate(CLAIM.split(" "))[:, 0]
    after = rater.rate(f"{QUESTION} {CLAIM}".split(" "))[-count:, 0]
    assert alone.mean() != pytest.approx(after.mean(), abs=1e-4)


@pytest.mark.parametrize("words", [0, 1, STRETCH // 2, STRETCH, STRETCH + 1, 5 * STRETCH])
def test_a_talk_of_any_length_is_rated_word_by_word(settings: Settings, words: int) -> None:
    rated = get_talk_rater(settings).rate(["valve"] * words)
    assert rated.shape == (words, OUTPUTS)
    assert np.isfinite(rated).all()


def test_what_is_far_away_does_not_count(settings: Settings) -> None:
    rater, far = get_talk_rater(settings), ["valve"] * 4 * STRETCH
    one, other = (rater.rate([*far, *start.split(), *far]) for start in (CLAIM, CHATTER))
    assert one[: 2 * STRETCH] == pytest.approx(other[: 2 * STRETCH], abs=1e-4)


def test_a_word_that_the_tokenizer_does_not_see_is_worth_nothing(settings: Settings) -> None:
    assert get_talk_rater(settings).rate(["\u200b", "valve"])[0].tolist() == [0, 0]


def test_a_span_is_worth_the_mean_of_its_words(settings: Settings) -> None:
    class ByPlace:
        def rate(self, words: Sequence[str]) -> Scores:
            return np.arange(2.0 * len(words)).reshape(-1, 2)

    turns = turns_of([Segment(0, 0.0, 30.0, "Ana", f"{CLAIM} {CLAIM}"), Segment(1, 30.0, 60.0, "Bo", CLAIM)])
    spans = list(spans_of(turns))
    expected = [2 * span.start_word + span.words - 1 for span in spans]
    worth, advertises = rate_spans(turns, spans, ByPlace()).T
    assert worth == pytest.approx(expected)
    assert advertises == pytest.approx(worth + 1)
    joined = worth_in_talk(spans, np.zeros(len(spans)), np.array(expected), 0.0)
    assert joined == pytest.approx(TALK_SHARE * (np.array(expected) - np.mean(expected)))


def test_an_encoder_of_other_dimensions_is_named(settings: Settings, tmp_path: Path) -> None:
    small_encoder(tmp_path)
    with pytest.raises(ModelError, match=r"talk rater.* do not fit .*encoder_model"):
        get_talk_rater(settings.model_copy(update={"encoder_model": str(tmp_path)}))


def test_what_was_learnt_is_what_is_stored(tmp_path: Path) -> None:
    windows = [{"id": i, "speaker": "Ana", "text": CLAIM if i % 2 else CHATTER} for i in range(20)]
    file = tmp_path / "show--episode.jsonl"
    file.write_text("\n".join(map(json.dumps, windows)), encoding="utf-8")
    labels = [{"id": i, "score": 3, "sc": 1, "ad": 0} for i in range(1, 20, 2)]
    labels += [{"id": 0, "score": 0, "sc": 0, "ad": 1}]
    file.with_suffix(".labels.jsonl").write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
    source = encoder_source("auto")
    talks = talks_of(file, TalkEncoder(source))
    assert len(talks[0].ids) > len(talks[1].ids)  # the second has no punctuation
    assert talks[0].ads.tolist() == [0]
    network = fit(source, talks, steps=2)
    words = f"{CHATTER} {CLAIM}".split(" ")
    stored = {name: weights.astype(np.float32) for name, weights in weights_of(network).items()}
    kept = TalkEncoder(source, OUTPUTS).tuned(stored).rate(words)
    wanted = network.rate(words)[:, KEPT]
    assert kept - kept.mean(axis=0) == pytest.approx(wanted - wanted.mean(axis=0), abs=2e-3)
    assert kept[:, 1].mean() == pytest.approx(wanted[:, 1].mean(), abs=5e-3)
    assert np.abs(kept[:, 0]).max() > 0


def test_what_a_model_has_seen_is_added_to_what_others_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "trained_on.txt"
    seen.write_text("b\n", encoding="utf-8")
    monkeypatch.setattr(labelled_episodes, "TRAINED_ON", seen)
    note_trained_on(["c", "a", "b"])
    assert seen.read_text(encoding="utf-8").split() == ["a", "b", "c"]
