"""A provider's batch interface over HTTP, against a stand-in."""

from dataclasses import replace
from typing import Any

import pytest

from digest_pipeline.claims.llm.extract import LlmExtractor
from digest_pipeline.claims.llm.prompts import find_prompt
from digest_pipeline.claims.llm.replies import read_claims
from digest_pipeline.claims.llm.windows import windows_of
from digest_pipeline.claims.turns import turns_of
from digest_pipeline.llm.batch import BatchSender, Question
from digest_pipeline.llm.books import Books
from digest_pipeline.llm.client import LlmClient
from digest_pipeline.llm.spending import spending_of_day
from tests.llm_server import BatchStandIn, Reply
from tests.llm_setup import (  # noqa: F401 - a fixture
    DAY,
    EPISODE,
    GOOD,
    GOOD_REPLY,
    PRICED,
    SEGMENTS,
    OnceExtractor,
    Setup,
    claims,
    make_setup,
    pytestmark,
)

BATCHED = {**PRICED, "llm_batch_minutes": 1.0, "llm_model": "openai/gpt-4o"}


def extractor(setup: Setup, **changes: object) -> tuple[LlmExtractor, list[float]]:
    settings = setup.settings.model_copy(update={**BATCHED, **changes})
    books = Books(setup.warehouse, DAY)
    client = LlmClient(settings, books)
    batches = BatchSender(settings, client, books)
    slept: list[float] = []
    batches.service.sleep = slept.append
    return LlmExtractor(settings, client, OnceExtractor(settings), batches), slept


def test_a_batch_is_paid_at_its_price_and_read_from_the_books(setup: Setup) -> None:
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


def die_waiting(setup: Setup) -> None:
    """A run that sends its batch, and does not live to read it."""
    found, _ = extractor(setup)

    def die(_: float) -> None:
        raise KeyboardInterrupt

    found._batches.service.sleep = die  # type: ignore[union-attr]
    with pytest.raises(KeyboardInterrupt):
        found.prepare([(EPISODE, SEGMENTS)])


def test_a_run_that_died_goes_on_waiting_for_its_batch(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    die_waiting(setup)
    again, _ = extractor(setup)
    again.prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, server.asked) == (1, [])
    assert [c.rejected_reason for c in again.extract(EPISODE, SEGMENTS).candidates] == [None]


def test_a_batch_that_nobody_has_read_yet_counts_in_the_budget_and_is_read_though_it_fills_it(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    die_waiting(setup)
    assert 0.02 < Books(setup.warehouse, DAY).spent().day < 0.025, "half the list price"
    again, _ = extractor(setup, llm_budget_usd_per_day=0.025)
    again.prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, server.asked, outcomes(setup)) == (1, [], [("ok", True, False)])
    assert Books(setup.warehouse, DAY).spent().day < 0.005


@pytest.mark.parametrize("made", [True, False])
def test_a_run_that_dies_while_its_batch_is_made_neither_loses_nor_repeats_it(setup: Setup, made: bool) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup)
    service = found._batches.service  # type: ignore[union-attr]
    create = service.create

    def die(file_id: str, deadline: float) -> str:
        if made:
            create(file_id, deadline)
        raise KeyboardInterrupt

    service.create = die  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        found.prepare([(EPISODE, SEGMENTS)])
    assert outcomes(setup) == [("sent, and no reply seen", False, False)]
    extractor(setup)[0].prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, server.asked, outcomes(setup)) == (1, [], [("ok", True, False)])


def test_a_batch_whose_making_got_no_answer_is_found_again(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    server.lost = 1
    extractor(setup)[0].prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, server.asked, outcomes(setup)) == (1, [], [("ok", True, False)])


def test_a_batch_that_may_have_been_made_counts_with_the_most_that_it_can_cost(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    server.lost, server.lists = 1, False
    found, _ = extractor(setup)
    found.prepare([(EPISODE, SEGMENTS)])
    assert found.extract(EPISODE, SEGMENTS).note is None
    assert (server.batches, len(server.asked)) == (1, 1)
    assert outcomes(setup) == [("sent, and no reply seen", False, False), ("ok", True, False)]


def test_a_provider_that_is_busy_when_questions_are_sent_is_waited_for(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    server.refused = 2
    extractor(setup)[0].prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, outcomes(setup)) == (1, [("ok", True, False)])


def test_a_batch_takes_what_the_budget_has_room_for_and_another_the_rest(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup, llm_budget_usd_per_run=0.03)  # a question may cost 0.02 and costs 0.002
    found.prepare([(EPISODE, SEGMENTS), (replace(EPISODE, episode_id="ep_2", title="Deposits"), SEGMENTS)])
    assert (server.batches, server.asked, outcomes(setup)) == (2, [], [("ok", True, False)] * 2)


def test_an_answer_that_stands_twice_in_the_output_is_booked_once(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup)
    text_of = found._batches.service._text_of  # type: ignore[union-attr]
    found._batches.service._text_of = lambda file_id: text_of(file_id) * 2  # type: ignore[union-attr,method-assign]
    found.prepare([(EPISODE, SEGMENTS)])
    assert (server.batches, outcomes(setup)) == (1, [("ok", True, False)])


@pytest.mark.parametrize(
    ("output", "booked"),
    [
        ("<html>busy</html>", ["ok", "sent, and no reply seen"]),
        ('{"custom_id": 1}\n[2]', ["ok", "sent, and no reply seen"]),
        ('{"custom_id": "KEY", "response": [3]}', ["ok", "sent, and no reply seen"]),
        ('{"custom_id": "KEY", "response": {"status_code": 200, "body": null}}', ["empty reply", "ok"]),
        ('{"custom_id": "KEY", "response": {"status_code": 200, "body": {"choices": [null]}}}', ["empty reply", "ok"]),
        ('{"custom_id": "KEY", "response": null, "error": {"code": "expired"}}', ["ok"]),
    ],
)
def test_what_an_output_of_another_form_does_not_bring_is_asked_one_by_one(
    setup: Setup, output: str, booked: list[str]
) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup)
    key = find_prompt(EPISODE, found._windows(EPISODE, SEGMENTS)[0]).key("openai/gpt-4o")
    found._batches.service._text_of = lambda _: output.replace("KEY", key)  # type: ignore[union-attr,method-assign]
    found.prepare([(EPISODE, SEGMENTS)])
    assert found.extract(EPISODE, SEGMENTS).note is None
    assert (len(server.asked), sorted(outcome for outcome, *_ in outcomes(setup))) == (1, booked)


def test_a_batch_that_a_dead_run_sent_is_paid_once_though_there_are_more_questions_by_now(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    die_waiting(setup)
    again, _ = extractor(setup)
    again.prepare([(EPISODE, SEGMENTS), (replace(EPISODE, episode_id="ep_2", title="Deposits"), SEGMENTS)])
    assert (server.batches, server.asked) == (2, [])
    assert outcomes(setup) == [("ok", True, False)] * 2
    with setup.warehouse.read() as con:
        assert con.execute("select status, len(cache_keys) from raw.llm_batches order by batch_id").fetchall() == [
            ("completed", 1), ("completed", 1),
        ]  # fmt: skip


def outcomes(setup: Setup) -> list[tuple[str, bool, bool]]:
    """(outcome, whether its cost is known, whether it was kept from earlier) of each call, in order."""
    with setup.warehouse.read() as con:
        return con.execute("select outcome, usd is not null, cached from raw.llm_calls order by called_at").fetchall()


def test_a_batch_outlives_broken_connections(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY, broken=2, rounds=4)
    found, _ = extractor(setup)
    found.prepare([(EPISODE, SEGMENTS)])
    assert server.looks == 4
    assert found.extract(EPISODE, SEGMENTS).note is None
    assert server.asked == []
    assert outcomes(setup) == [("ok", True, False), ("ok", True, True)]


def test_what_a_batch_answered_before_it_was_cancelled_is_read_and_paid_once(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY, rounds=99, answered=1)
    found, _ = extractor(setup, llm_batch_minutes=0.0)
    talks = [(EPISODE, SEGMENTS), (replace(EPISODE, episode_id="ep_2", title="Deposits"), SEGMENTS)]
    found.prepare(talks)
    assert outcomes(setup) == [("ok", True, False)]
    for episode, segments in talks:
        assert found.extract(episode, segments).note is None
    assert len(server.asked) == 1
    with setup.warehouse.read() as con:
        assert con.execute("select status from raw.llm_batches").fetchall() == [("cancelled",)]


def test_a_batch_whose_end_is_not_seen_counts_with_the_most_that_it_can_cost(setup: Setup) -> None:
    BatchStandIn(setup.web, GOOD_REPLY, rounds=9999, answered=None)
    found, slept = extractor(setup)
    found._batches.service.clock = lambda: sum(slept)  # type: ignore[union-attr]
    found.prepare([(EPISODE, SEGMENTS)])
    assert 11 * 60 <= sum(slept) < 12 * 60, "a minute for the batch, ten for its end"
    assert outcomes(setup) == [("sent, and no reply seen", False, False)]
    with setup.warehouse.read() as con:
        assert 0.02 < con.execute("select usd_at_most from raw.llm_calls").fetchall()[0][0] < 0.025, (
            "half the list price"
        )
    extraction = extractor(setup, llm_budget_usd_per_day=0.05)[0].extract(EPISODE, SEGMENTS)
    assert "what is left of the day's budget of 0.05 USD is less than a call can cost" in (extraction.note or "")


def test_a_batch_that_takes_too_long_is_cancelled_and_its_questions_are_asked_one_by_one(setup: Setup) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY, rounds=99)
    found, _ = extractor(setup, llm_batch_minutes=0.0)
    found.prepare([(EPISODE, SEGMENTS)])
    assert len(server.asked) == 0
    assert found.extract(EPISODE, SEGMENTS).note is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", ["no batches", "no money", "unusable replies"])
def test_what_a_batch_does_not_bring_is_asked_one_by_one(setup: Setup, trouble: str) -> None:
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


@pytest.mark.parametrize(
    "model",
    ["anthropic/claude-sonnet-4-5", "mistral/mistral-large-latest", "bedrock/amazon.nova-lite-v1:0", "gemini/gemini-2.5-flash",
     "vertex_ai/gemini-2.5-flash", "xai/grok-4", "ollama/llama3.2", "llama3"],
)  # fmt: skip
def test_a_provider_whose_batches_are_of_another_form_is_asked_for_none(
    setup: Setup, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    found, _ = extractor(setup, llm_model=model, llm_is_free=True)
    found.prepare([(EPISODE, SEGMENTS)])
    assert (server.uploads, outcomes(setup)) == (0, [])
    assert "no batch: " in caplog.text


def test_what_a_batch_was_refused_is_asked_neither_one_by_one_nor_in_the_next_batch(setup: Setup) -> None:
    server = BatchStandIn(setup.web, Reply("", finish_reason="content_filter"))
    for _ in range(2):
        found, _ = extractor(setup)
        found.prepare([(EPISODE, SEGMENTS)])
        assert "refused by the model's provider" in (found.extract(EPISODE, SEGMENTS).note or "")
    assert (server.batches, server.asked) == (1, [])
    assert [cached for _, _, cached in outcomes(setup)] == [False, True, True]


def test_a_line_end_of_another_kind_in_a_reply_is_no_end_of_its_line(setup: Setup) -> None:
    BatchStandIn(setup.web, Reply(claims(GOOD).replace("A deposit only", "A deposit\u2028only")))
    found, _ = extractor(setup)
    found.prepare([(EPISODE, SEGMENTS)])
    assert outcomes(setup) == [("ok", True, False)]
    (candidate,) = found.extract(EPISODE, SEGMENTS).candidates
    assert (candidate.explanation, candidate.rejected_reason) == (GOOD["explanation"], None)


def test_questions_are_sent_in_the_form_of_batch_files(setup: Setup) -> None:
    settings = setup.settings.model_copy(update=BATCHED)
    books = Books(setup.warehouse, DAY)
    sender = BatchSender(settings, LlmClient(settings, books), books)
    question = Question(find_prompt(EPISODE, windows_of(turns_of(SEGMENTS), 900, 0)[0]), "ep_1", read_claims)
    line = sender._line("key", question.prompt)
    assert (line["custom_id"], line["method"], line["body"]["model"]) == ("key", "POST", "gpt-4o")
    assert line["body"]["response_format"]["json_schema"]["strict"] is True
    assert question.read(claims(GOOD)).outcome == "ok"


@pytest.mark.parametrize("model", ["openai/gpt-4o", "openai/gpt-5-mini"])
def test_a_batch_asks_as_a_single_question_does(setup: Setup, model: str) -> None:
    server = BatchStandIn(setup.web, GOOD_REPLY)
    bodies: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> Reply:
        bodies.append(body)
        return GOOD_REPLY

    server.answer = answer
    found, _ = extractor(setup, llm_model=model)
    found.prepare([(EPISODE, SEGMENTS)])
    assert found.extract(replace(EPISODE, title="Deposits"), SEGMENTS).note is None
    in_batch, single = ({name: value for name, value in body.items() if name != "messages"} for body in bodies)
    assert in_batch == single
