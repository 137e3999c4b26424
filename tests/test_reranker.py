"""The reranker: the best spans read again between the words around them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from bench.worthiness import reranker as reranker_training
from bench.worthiness.reranker import Shortlist, fit, rate, weights_of
from digest_pipeline.claims.models.reranker import WORDS_AROUND, get_reranker, passages_of
from digest_pipeline.claims.models.tuned_encoder import TOKENS, PassageEncoder, padded
from digest_pipeline.claims.models.tuned_weights import Passage
from digest_pipeline.claims.models.worthiness import LEAST_RERANKED, RERANKED_WORDS, shortlist, worth_reranked
from digest_pipeline.claims.spans import Span, spans_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.errors import ModelError
from digest_pipeline.model_files import encoder_source
from digest_pipeline.models import Segment
from digest_pipeline.settings import Settings

CLAIM = (
    "Cold batteries charge slowly because lithium plates onto the anode below five degrees, so a car that warms its "
    "pack before it arrives halves the time at the charger."
)
CHATTER = (
    "Yeah, that is so cool, I mean, thanks for coming on the show again, it is always such a pleasure to have you."
)
PASSAGES: list[Passage] = [
    ("So what did you find out about winter?", CLAIM, "We measured that in forty cars."),
    ("Hello and welcome back.", CHATTER, "How have you been?"),
]


def talk(sentences: int) -> list[Span]:
    text = " ".join(f"Number {n} of these sentences says that the valve opened at noon." for n in range(sentences))
    return list(spans_of(turns_of([Segment(0, 0.0, 60.0, "Ana", text)])))


def test_a_claim_is_worth_more_than_chatter(settings: Settings) -> None:
    claim, chatter = get_reranker(settings).rate(PASSAGES)
    assert claim > chatter + 0.1


def test_what_stands_around_a_span_counts(settings: Settings) -> None:
    alone, between = get_reranker(settings).rate([("", CLAIM, ""), PASSAGES[0]])
    assert alone != pytest.approx(between, abs=1e-4)


def test_a_passage_is_rated_the_same_in_any_company(settings: Settings) -> None:
    reranker = get_reranker(settings)
    together = reranker.rate([*PASSAGES * 20, ("", "Short one.", "")])
    assert together[:2] == pytest.approx(reranker.rate(PASSAGES), abs=1e-4)
    assert reranker.rate([]).shape == (0,)


def test_a_passage_holds_the_words_on_either_side_whoever_says_them() -> None:
    turns = turns_of(
        [
            Segment(0, 0.0, 20.0, "Ana", " ".join(f"w{n}" for n in range(50)) + " and what then?"),
            Segment(1, 20.0, 40.0, "Bo", CLAIM),
            Segment(2, 40.0, 60.0, "Ana", " ".join(f"v{n}" for n in range(50))),
        ]
    )
    span = next(span for span in spans_of(turns) if span.quote == CLAIM)
    ((before, own, after),) = passages_of(turns, [span])
    assert own == CLAIM
    assert before.split() == [*(f"w{n}" for n in range(21, 50)), "and", "what", "then?"]
    assert after.split() == [f"v{n}" for n in range(WORDS_AROUND[1])]


def test_a_shortlist_holds_the_best_that_are_not_refused() -> None:
    spans = talk(200)
    worth = np.arange(len(spans), dtype=float)
    refused = np.zeros(len(spans), dtype=bool)
    refused[-1] = True
    rows = shortlist(spans, worth, refused)
    assert rows[:2] == [len(spans) - 2, len(spans) - 3]
    assert len(rows) == max(LEAST_RERANKED, (spans[-1].start_word + spans[-1].words) // RERANKED_WORDS)
    assert shortlist(spans, worth, ~np.zeros(len(spans), dtype=bool)) == []


def test_who_is_not_on_the_shortlist_counts_as_its_last() -> None:
    spans = talk(6)
    worth = np.zeros(len(spans))
    joined = worth_reranked(spans, worth, [2, 0], np.array([0.9, 0.1]), 0.0)
    assert joined[2] > joined[0]
    assert joined[1] == joined[0]
    assert joined[[2, 0]].mean() == pytest.approx(0)
    assert worth_reranked(spans, worth, [], np.zeros(0), 1.0) is worth


def small_encoder(folder: Path, width: int = 32) -> None:
    """An encoder of other dimensions than the packaged one's: of ``width`` and two layers."""
    tokenizer = AutoTokenizer.from_pretrained(encoder_source("auto"))
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "modules.json").write_text("[]")


def test_an_encoder_of_other_dimensions_is_named(settings: Settings, tmp_path: Path) -> None:
    small_encoder(tmp_path)
    with pytest.raises(ModelError, match=r"do not fit .*encoder_model"):
        get_reranker(settings.model_copy(update={"encoder_model": str(tmp_path)}))


def test_what_was_learnt_is_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranker_training, "BEST_A_STEP", 3)
    monkeypatch.setattr(reranker_training, "ANY_A_STEP", 1)
    source = encoder_source("auto")
    ids, types = PassageEncoder(source).tokens(PASSAGES * 4)
    wanted = np.tile([[1.0, 0, 1, 1], [0.0, 0, 0, 0]], (4, 1))
    lists = [
        Shortlist(f"episode {n}", "raw", 0, 9, 100, 8, np.arange(8), ids, types, wanted)
        for n in range(4)  # as many as a step takes
    ]
    learnt = fit(source, lists, steps=2, seed=0)
    rated = rate(learnt, lists[0])
    assert np.isnan(rated[8])
    assert rated[0] > rated[1]
    stored = {name: weights.astype(np.float32) for name, weights in weights_of(learnt).items()}
    assert PassageEncoder(source).tuned(stored).rate(PASSAGES) == pytest.approx(rated[:2], abs=2e-3)


def test_long_passages_are_cut() -> None:
    network = PassageEncoder(encoder_source("auto"))
    ids, types = network.tokens([("one " * 300, "two " * 300, "three " * 300)])
    assert (types[0].count(0), types[0].count(1)) == (1 + TOKENS[0] + TOKENS[2], TOKENS[1])
    rows = padded([*ids, [1, 2]], [*types, [0, 1]], torch.device("cpu"))
    assert [row.shape for row in rows] == [(2, len(ids[0]))] * 3
    assert rows[2].sum(dim=1).tolist() == [len(ids[0]), 2]
