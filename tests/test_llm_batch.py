"""A provider's batch interface over HTTP, against a stand-in."""

import pytest

from digest_pipeline.claims.llm import LlmExtractor
from digest_pipeline.claims.prompts import find_prompt
from digest_pipeline.claims.replies import read_claims
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.claims.windows import windows_of
from digest_pipeline.llm.batch import BatchSender, Question
from digest_pipeline.llm.books import Books, spending_of_day
from digest_pipeline.llm.client import LlmClient
from tests.llm_server import BatchStandIn, Reply
from tests.test_llm import (  # noqa: F401 - a fixture
    DAY,
    EPISODE,
    GOOD,
    GOOD_REPLY,
    PRICED,
    SEGMENTS,
    OnceExtractor,
    Setup,
    claims,
    pytestmark,
    setup,
)  # fmt: skip

BATCHED = {**PRICED, "llm_batch_minutes": 1.0, "llm_model": "openai/gpt-4o"}


def extractor(setup: Setup, **changes: object) -> tuple[LlmExtractor, list[float]]:  # noqa: F811
    settings = setup.settings.model_copy(update={**BATCHED, **changes})
    books = Books(setup.warehouse, DAY)
    client = LlmClient(settings, books)
    batches = BatchSender(settings, client, books)
    slept: list[float] = []
    batches.sleep = slept.append
    return LlmExtractor(settings, client, OnceExtractor(settings), batches), slept


def test_a_batch_is_paid_at_its_price_and_read_from_the_books(setup: Setup) -> None:  # noqa: F811
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, slept = extractor(setup)
    found.prepare([(EPISODE, SEGMENTS)])
    assert len(slept) == 1
    with setup.warehouse.read() as con:
        spent = spending_of_day(con, DAY)
        assert con.execute("select batch_id, status from raw.llm_batches").fetchall() == [("batch-1", "completed")]
    full_price = spent.tokens_in * 2.5e-6 + spent.tokens_out * 10e-6
    assert spent.usd == pytest.approx(full_price / 2)
    (candidate,) = found.extract(EPISODE, SEGMENTS).candidates
    assert candidate.rejected_reason is None
    assert server.asked == []
    found.prepare([(EPISODE, SEGMENTS)])
    assert server.batches == 1


def test_a_run_that_died_goes_on_waiting_for_its_batch(setup: Setup) -> None:  # noqa: F811
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup)

    def die(_: float) -> None:
        raise KeyboardInterrupt

    found._batches.sleep = die  # type: ignore[union-attr]
    with pytest.raises(KeyboardInterrupt):
        found.prepare([(EPISODE, SEGMENTS)])
    again, _ = extractor(setup)
    again.prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, server.asked) == (1, [])
    assert [c.rejected_reason for c in again.extract(EPISODE, SEGMENTS).candidates] == [None]


def test_a_batch_that_takes_too_long_is_cancelled_and_its_questions_are_asked_one_by_one(setup: Setup) -> None:  # noqa: F811
    server = BatchStandIn(setup.web, GOOD_REPLY, rounds=99)
    found, _ = extractor(setup, llm_batch_minutes=0.0)
    found.prepare([(EPISODE, SEGMENTS)])
    assert len(server.asked) == 0
    assert found.extract(EPISODE, SEGMENTS).note is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", ["no batches", "no money", "unusable replies"])
def test_what_a_batch_does_not_bring_is_asked_one_by_one(setup: Setup, trouble: str) -> None:  # noqa: F811
    if trouble == "unusable replies":
        server = BatchStandIn(setup.web, Reply("sorry, no"))
    found, _ = extractor(setup, llm_budget_usd_per_run=0.0 if trouble == "no money" else 1.0)
    found.prepare([(EPISODE, SEGMENTS)])
    if trouble == "unusable replies":
        server.answer = GOOD_REPLY
    setup.server.answer = GOOD_REPLY
    extraction = found.extract(EPISODE, SEGMENTS)
    if trouble == "no money":
        assert "budget" in (extraction.note or "")
    else:
        assert extraction.note is None


def test_questions_are_sent_in_the_form_of_batch_files(setup: Setup) -> None:  # noqa: F811
    settings = setup.settings.model_copy(update=BATCHED)
    books = Books(setup.warehouse, DAY)
    sender = BatchSender(settings, LlmClient(settings, books), books)
    question = Question(find_prompt(EPISODE, windows_of(turns_of(SEGMENTS), 900, 0)[0]), "ep_1", read_claims)
    line = sender._line("key", question.prompt)
    assert (line["custom_id"], line["method"], line["body"]["model"]) == ("key", "POST", "gpt-4o")
    assert line["body"]["response_format"]["json_schema"]["strict"] is True
    assert question.read(claims(GOOD)).outcome == "ok"
