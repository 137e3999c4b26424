"""Grounding: quotes are located, and a wording is held against what was said."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from digest_pipeline.claims.checks.checker import WordingChecker
from digest_pipeline.claims.checks.entailment import EntailmentModel
from digest_pipeline.claims.checks.faithfulness import Wording, unfaithful
from digest_pipeline.claims.checks.numerals import quantities_in
from digest_pipeline.claims.checks.quantities import unsaid_quantity
from digest_pipeline.claims.grounding import Located, locate_quote
from digest_pipeline.claims.llm.windows import positions_of, windows_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.errors import ModelError
from digest_pipeline.models import Episode, Segment
from digest_pipeline.settings import Settings

TALK = turns_of([
    Segment(0, 0, 30, "Ann Lee", "Well, the deposit cleared forty percent of the queue in March. It may not work everywhere, "
            "because Harrow Flats had 23 gigawatts of paper projects."),
    Segment(1, 30, 40, "Bob Ray", "I do not believe that deposits alone would ever clear a queue like that one."),
    Segment(2, 40, 60, "Ann Lee", "I think serverless is cheaper than Kubernetes for small teams, but once you have more than "
            "twenty services, it's slower and it costs you twice as much. Some of our customers left in 2024."),
])  # fmt: skip


def test_quotes_are_located_and_widened_to_whole_sentences() -> None:
    located = locate_quote("deposit cleared forty percent of the queue, in march", TALK)
    assert located is not None
    assert located.quote == "Well, the deposit cleared forty percent of the queue in March."
    assert located.turn.speaker == "Ann Lee"
    assert located.turn.locate(located.start, located.end)[:2] == (0, 0)
    assert 88 < located.score < 100


def test_a_quote_cannot_leave_out_the_denial_in_front_of_it() -> None:
    located = locate_quote("deposits alone would ever clear a queue like that one", TALK)
    assert located is not None
    assert located.quote.startswith("I do not believe")
    assert (unfaithful(Wording("Deposits alone would clear a queue.", ""), located) or "").startswith("negation:")


@pytest.mark.parametrize(
    "quote",
    [
        "The deposit cleared ninety nine percent of all the pipelines in Texas",
        "in March",
        "",
        "? ! . , ;",
        "of paper projects. I do not believe that deposits alone would ever",
    ],
)
def test_what_nobody_said_is_not_found(quote: str) -> None:
    assert locate_quote(quote, TALK) is None


def test_letters_that_grow_in_lower_case_move_nothing() -> None:
    said = "the deposit cleared forty percent of the queue in March."
    (turn,) = turns_of([Segment(0, 0, 30, None, f"{'İ' * 200}. The rest: {said}")])
    located = locate_quote("The deposit cleared forty percent of the queue in March", [turn])
    assert located is not None
    assert located.quote == f"The rest: {said}"


CHINESE = "排队的人很少。押金让排队时间缩短了百分之四十,因为没有人愿意为一个空位付两次钱。这不一定适用于所有地方。"


def test_talk_without_spaces_is_quoted_by_its_sentences() -> None:
    turns = turns_of([Segment(0, 0, 30, None, CHINESE)], "zh")
    located = locate_quote("时间缩短了百分之四十,因为没有人愿意", turns)
    assert located is not None
    assert located.quote == "押金让排队时间缩短了百分之四十,因为没有人愿意为一个空位付两次钱。"
    assert locate_quote("押金没有让排队时间变短,所以大家都很失望", turns) is None
    assert locate_quote("押金让排队", turns) is None, "too short"


def test_windows_of_talk_without_spaces_are_no_longer_than_others() -> None:
    turns = turns_of([Segment(0, 0, 900, None, CHINESE * 40)], "zh")
    windows = windows_of(turns, 200, 0)
    assert all(sum(len(piece.text) for piece in window) <= 450 for window in windows)
    assert "".join(piece.text for window in windows for piece in window) == CHINESE * 40


DEPOSIT, EVERYWHERE, DEPOSITS_ALONE, SERVERLESS = (
    "the deposit cleared forty percent of the queue in March",
    "It may not work everywhere, because Harrow Flats had 23 gigawatts",
    "I do not believe that deposits alone would ever clear a queue",
    "I think serverless is cheaper than Kubernetes for small teams",
)


@pytest.mark.parametrize(
    ("quote", "headline", "reason"),
    [
        (DEPOSIT, "A deposit cleared 40 percent of the queue.", None),
        (DEPOSIT, "A deposit cleared 40% of the queue in March.", None),
        (DEPOSIT, "At Harrow Flats a deposit cleared forty percent of the queue.", None),
        (DEPOSIT, "Requiring a deposit cleared forty percent of the queue.", None),
        (DEPOSIT, "Ann Lee says a deposit cleared forty percent of the queue.", None),
        (DEPOSIT, "A deposit cleared 60 percent of the queue.", "number: 60 percent"),
        (DEPOSIT, "A deposit cleared $40 of the queue.", "number: $40"),
        (DEPOSIT, "A deposit cleared half of the queue.", "number: half"),
        (DEPOSIT, "In Texas, the deposit cleared forty percent.", "name: Texas"),
        (DEPOSIT, "Microsoft cleared forty percent of the queue.", "name: Microsoft"),
        (DEPOSIT, "Bob Ray saw a deposit clear forty percent of the queue.", "speaker: Bob Ray"),
        (DEPOSIT, "The deposit did not clear forty percent of the queue.", "negation"),
        (DEPOSIT, "The deposit failed to clear forty percent of the queue.", "negation"),
        (DEPOSIT, "The deposit cleared less than forty percent of the queue.", "comparison: less"),
        (DEPOSIT, "The best deposit cleared forty percent of the queue.", "comparison: best"),
        (DEPOSIT, "Bananas taste good when yellow.", "other words"),
        (EVERYWHERE, "Deposits may not work everywhere.", None),
        (EVERYWHERE, "Deposits will not work everywhere.", "certainty"),
        (EVERYWHERE, "Deposits do not work everywhere.", "certainty"),
        (EVERYWHERE, "Deposits may work everywhere.", "negation"),
        (EVERYWHERE, "Harrow Flats had 23 megawatts of paper projects.", "number: 23 megawatts"),
        (DEPOSITS_ALONE, "Bob Ray does not believe that deposits alone would clear a queue.", None),
        (DEPOSITS_ALONE, "Deposits alone would clear a queue.", "negation"),
        (SERVERLESS, "Ann Lee thinks serverless is cheaper than Kubernetes for small teams.", None),
        (SERVERLESS, "Serverless is cheaper than Kubernetes for small teams.", "certainty"),
        (SERVERLESS, "Ann Lee thinks Kubernetes is cheaper than serverless for small teams.", "comparison: turned round"),
        (SERVERLESS, "Ann Lee thinks past twenty services serverless is faster.", "comparison: faster"),
        (SERVERLESS, "Ann Lee believes that with more than 20 services, serverless costs twice as much.", None),
        ("Some of our customers left in 2024", "Every customer left in 2024.", "certainty: more is claimed than “Every”"),
    ],
)  # fmt: skip
def test_wording_is_held_against_the_quote(quote: str, headline: str, reason: str | None) -> None:
    located = locate_quote(quote, TALK)
    assert located is not None
    found = unfaithful(Wording(headline, ""), located, known="Ann Lee Bob Ray", speakers=["Ann Lee", "Bob Ray"])
    assert found is None if reason is None else (found or "passed").startswith(reason), found


@pytest.mark.parametrize(
    ("explanation", "reason"),
    [
        ("Harrow Flats had 23 gigawatts of paper projects.", None),
        ("Harrow Flats had 32 gigawatts of paper projects.", "number"),
        ("Harrow Flats never had paper projects.", "negation"),
    ],
)
def test_the_explanation_may_draw_on_what_stands_around(explanation: str, reason: str | None) -> None:
    located = locate_quote(DEPOSIT, TALK)
    assert located is not None
    found = unfaithful(Wording("A deposit cleared forty percent of the queue.", explanation), located)
    assert found is None if reason is None else (found or "").startswith(reason), found


@pytest.mark.parametrize(
    ("wording", "said", "missing"),
    [
        ("It cost $2.5 million.", "it cost two point five million dollars", None),
        ("It cost $2.5 billion.", "it cost two point five million dollars", "2,500,000,000 dollar"),
        ("In 2024 it fell 40%.", "back in twenty twenty four it fell forty percent", None),
        ("It rose from 40% to 60%.", "it rose from forty to sixty percent", None),
        ("It took 120 ms.", "it took a hundred and twenty milliseconds", None),
        ("It took 120 seconds.", "it took a hundred and twenty milliseconds", "120 second"),
        ("Two teams did it.", "three teams did it", "2"),
        ("One of the teams did it.", "a team did it", None),
        ("It is 10x faster.", "it is ten times faster", None),
        ("It doubled.", "it went twice as high", None),
        ("Half of them left.", "fifty percent of them left", None),
        ("40 users left.", "forty percent of the users left", "40"),
        ("In the 1980s it fell.", "in the 1980s it fell", None),
        ("It took 1980 seconds.", "in the 1980s it fell", "1980 seconds"),
        ("It cost $2-3 million.", "it cost two to three million dollars", None),
        ("It cost $3 million.", "it cost two to three million dollars", "3,000,000 dollar"),
        ("40% did it from 2020 to 2024.", "between 2020 and 2024, forty percent did it", None),
        ("It runs at 30 frames per second.", "it runs at thirty frames per second", None),
        ("It runs at 30 frames per minute.", "it runs at thirty frames per second", "30"),
        ("It costs $20 a month.", "a monthly plan is twenty dollars", None),
        ("Three quarters of a million saw it.", "750,000 saw it", None),
        ("20+ people saw it.", "more than twenty people saw it", None),
        ("B fell 20 percent while A rose 3.", "A rose three percent while B fell twenty percent", None),
        (
            "3 percent of them stayed and 40 users left.",
            "three percent stayed and forty percent of the users left",
            "40",
        ),
    ],
)
def test_numbers_are_compared_with_their_units(wording: str, said: str, missing: str | None) -> None:
    found = unsaid_quantity(wording, said)
    assert (found is None) if missing is None else (found is not None and found.text.startswith(missing)), found


def test_numbers_are_read_as_figures_and_as_words() -> None:
    assert [(q.value, q.unit) for q in quantities_in("-3 degrees, 1,200 people, 8GB, GPT-4, twenty-one")] == [
        (-3, "degree"), (1200, ""), (8, "gigabyte"), (4, ""), (21, ""),
    ]  # fmt: skip


def test_windows_lie_on_turns_and_overlap() -> None:
    long = "The queue is long because nobody pays for a place in it. " * 40
    segments = [Segment(i, i * 9.0, i * 9 + 8.0, "AB"[i % 2], "Deposits clear queues in a month or so, we found. " * 4) for i in range(20)]  # fmt: skip
    turns = turns_of([*segments, Segment(20, 200, 400, "A", long), Segment(21, 400, 410, "A", "Buy now.", True, "ad")])
    windows = windows_of(turns, 200, 60)
    assert all(sum(piece.words for piece in window) <= 200 for window in windows)
    for before, after in pairwise(windows):
        shared = [piece for piece in after if piece in before]
        assert shared == list(after[: len(shared)])
        assert shared
    whole = {(piece.turn.index, piece.start): piece.text for window in windows for piece in window}
    said = " ".join(text for _, text in sorted(whole.items()))
    assert said.split() == " ".join(turn.text for turn in turns if not turn.is_ad).split()
    assert positions_of(windows[0])[0] == 0
    assert positions_of(windows[-1])[1] == 20


def test_a_sentence_that_nothing_ends_is_cut_between_its_segments() -> None:
    said = "電力網的順番很長所以我們等" * 4
    turns = turns_of([Segment(i, i * 10.0, i * 10 + 9.0, "Ann", said) for i in range(60)], "zh")
    windows = windows_of(turns, 300, 0)
    assert max(sum(piece.words for piece in window) for window in windows) <= 300
    assert "".join(piece.text for window in windows for piece in window).split() == [said] * 60


@pytest.fixture(scope="module")
def entailment_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of the right form with random weights: made here, since a real one is a download away.

    It shows that a model is found, asked and heeded, and nothing about how good one is.
    """
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("nli")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "deposit", "cleared", "queue", "it", "may", "not"]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=128,
    )  # fmt: skip
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
id2label={0: "contradiction", 1: "entailment", 2: "neutral"},
        label2id={"contradiction": 0, "entailment": 1, "neutral": 2},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    model.save_pretrained(folder)
    return folder


def with_bias(folder: Path, target: Path, label: int, bias: float = 9.0) -> Path:
    """The same model, made to be sure of one label, or, with a bias that is no number, to judge nothing."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.bias[label] = bias
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder).save_pretrained(target)
    return target


HEADLINE = Wording("The deposit cleared forty percent of the queue.", "It may not work everywhere.")
EPISODE = Episode("ep_1", "f", "Show", "Title", None, None, "", None, "en")


@pytest.mark.parametrize(
    ("label", "fault"),
    [(0, "entailment: the talk contradicts"), (1, None), (2, "entailment: 0.00 that the talk bears")],
)
def test_an_entailment_model_has_to_agree(
    label: int, fault: str | None, entailment_folder: Path, tmp_path: Path, settings: Settings
) -> None:
    folder = with_bias(entailment_folder, tmp_path / "model", label)
    checker = WordingChecker(settings.model_copy(update={"nli_model": str(folder)}))
    located = locate_quote(DEPOSIT, TALK)
    assert located is not None
    found = checker.fault(HEADLINE, located, EPISODE, [])
    assert found is None if fault is None else (found or "").startswith(fault), found
    assert WordingChecker(settings).fault(HEADLINE, located, EPISODE, []) is None
    assert checker.name != WordingChecker(settings).name


def test_a_judgement_that_is_no_number_is_no_agreement(
    entailment_folder: Path, tmp_path: Path, settings: Settings
) -> None:
    folder = with_bias(entailment_folder, tmp_path / "model", 0, bias=float("nan"))
    located = locate_quote(DEPOSIT, TALK)
    assert located is not None
    checker = WordingChecker(settings.model_copy(update={"nli_model": str(folder)}))
    assert (checker.fault(HEADLINE, located, EPISODE, []) or "").startswith("entailment: nan")


def test_the_judgement_is_a_share_of_the_three_labels(entailment_folder: Path) -> None:
    entailed, contradicted = EntailmentModel(str(entailment_folder)).judge([("the deposit cleared", "it may not")])[0]
    assert 0 < entailed < 1
    assert 0 < contradicted < 1 - entailed


def test_a_model_that_is_none_is_named(entailment_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing-here"):
        EntailmentModel(str(tmp_path / "nothing-here"))
    other = with_bias(entailment_folder, tmp_path / "other", 0)
    config = json.loads((other / "config.json").read_text())
    config |= {"id2label": {"0": "good", "1": "bad", "2": "ugly"}, "label2id": {"good": 0, "bad": 1, "ugly": 2}}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="good, bad, ugly"):
        EntailmentModel(str(other))


def test_an_answer_is_no_denial() -> None:
    said = "No, the deposit cleared forty percent of the queue."
    turn = turns_of([Segment(0, 0, 9, None, said)])[0]
    located = Located(turn, 0, len(said), 100.0)
    assert unfaithful(Wording("The deposit cleared forty percent of the queue.", ""), located) is None
    assert unfaithful(Wording("No deposit cleared forty percent of the queue.", ""), located) is not None


def test_a_clause_is_compared_with_itself_first() -> None:
    said = "Please, um, please don't do that with the numbers."
    located = Located(turns_of([Segment(0, 0, 9, None, said)])[0], 0, len(said), 100.0)
    assert unfaithful(Wording(said, ""), located) is None
    assert unfaithful(Wording("Please do that with the numbers.", ""), located) is not None


def test_the_place_of_a_quote_is_never_empty() -> None:
    place = Located(TALK[0], 0, 1, 0.0)
    assert place.context
    assert place.turn.locate(place.start, place.end)[:2] == (0, 0)
