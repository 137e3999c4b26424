"""What calls cost, and that no more is spent than the budgets allow."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock
from typing import Any

import duckdb
import pytest

from digest_pipeline.llm import books
from digest_pipeline.llm.books import Books, LlmCall, Spent
from digest_pipeline.llm.prices import Budget, Prices
from digest_pipeline.llm.spending import spending_of_day
from digest_pipeline.llm.transport import import_litellm
from digest_pipeline.models import Segment
from digest_pipeline.warehouse import Warehouse
from tests.llm_server import Reply
from tests.llm_setup import (  # noqa: F401 - a fixture
    DAY,
    EPISODE,
    GOOD,
    GOOD_REPLY,
    PRICED,
    Setup,
    claims,
    make_setup,
    pytestmark,
)


@pytest.mark.parametrize("model", ["openai/stand-in", "huggingface/some/model", "llama3", "foo/bar"])
def test_an_unknown_price_spends_nothing(setup: Setup, model: str) -> None:
    extraction = setup.extract(GOOD_REPLY, llm_is_free=False, llm_model=model)
    assert f"the price of {model} is unknown" in (extraction.note or "")
    assert setup.server.asked == []
    assert {c.extractor for c in extraction.candidates} == {"extractive"}


def test_a_local_model_costs_nothing_and_one_said_to_be_free_needs_no_price(setup: Setup) -> None:
    for named in ({"llm_model": "ollama/llama3.2", "llm_is_free": False}, {"llm_model": "llama3", "llm_is_free": True}):
        prices = Prices(import_litellm(), setup.settings.model_copy(update=named))
        assert (prices.price(1000, 1000), prices.batch_share()) == (0.0, 1.0)


def test_a_reply_whose_tokens_the_provider_does_not_count_is_counted_at_most(setup: Setup) -> None:
    setup.server.counts_tokens = False
    setup.extract(GOOD_REPLY, **PRICED)
    with setup.warehouse.read() as con:
        ((outcome, usd, at_most),) = con.execute("select outcome, usd, usd_at_most from raw.llm_calls").fetchall()
    assert (outcome, usd) == ("ok", None)
    assert at_most > 0.04


def spend(setup: Setup, usd: float | None, at_most: float) -> None:
    with setup.warehouse.write() as con:
        con.execute(
            "insert into raw.llm_calls (call_id, called_at, digest_date, stage, model, tokens_in, tokens_out, usd,"
            " usd_at_most, cached, outcome)"
            " values ('c', now() at time zone 'UTC', ?, 'claims', 'm', 1, 1, ?, ?, false, 'ok')",
            [DAY, usd, at_most],
        )


@pytest.mark.parametrize("spent", [(1.99, 0.0), (None, 1.99)], ids=["known", "unknown, at most"])
def test_a_spent_budget_stops_the_calls(setup: Setup, spent: tuple[float | None, float]) -> None:
    spend(setup, *spent)
    extraction = setup.extract(GOOD_REPLY, **PRICED)
    assert "what is left of the day's budget of 2.0 USD is less than a call can cost" in (extraction.note or "")
    assert setup.server.asked == []


def test_what_costs_nothing_is_asked_whatever_was_spent(setup: Setup) -> None:
    spend(setup, 3.0, 0.0)
    assert setup.extract(GOOD_REPLY).note is None
    assert len(setup.server.asked) == 1


def test_a_call_opens_the_database_three_times_and_a_kept_reply_once(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Warehouse] = []
    connect = Warehouse._connect

    def counted(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
        opened.append(warehouse)
        return connect(warehouse)

    monkeypatch.setattr(Warehouse, "_connect", counted)
    setup.extract(GOOD_REPLY, **PRICED)
    assert len(opened) == 3, "is it known, it is being made, its reply"
    setup.extract(GOOD_REPLY, **PRICED)
    assert len(opened) == 4


def test_calls_of_one_question_side_by_side_are_each_booked(setup: Setup) -> None:
    ledger, call = Books(setup.warehouse, DAY, "a run"), LlmCall("ep_1", "claims", "m", "1", usd=0.25)

    def ask(_: int) -> None:
        with ledger.sent(call, lambda _: True, lambda _: None) as call_id:
            ledger.book(call, "one key", "a reply", call_id=call_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert ledger.spent() == Spent(2.0, 2.0)
    assert ledger.known("one key", call).reply == "a reply"


def test_the_stages_of_a_run_share_its_budget(setup: Setup) -> None:
    call = LlmCall("ep_1", "claims", "m", "1", usd=0.95)
    Books(setup.warehouse, DAY, "this run").book(call, "key")
    assert Books(setup.warehouse, DAY, "this run").spent() == Spent(0.95, 0.95)
    assert Books(setup.warehouse, DAY, "another run").spent() == Spent(0, 0.95)
    assert Books(setup.warehouse, DAY).spent() == Spent(0, 0.95)


def test_a_call_counts_on_the_calendar_day_that_had_room_for_it(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 9, 14, 23, 59, 59)
    monkeypatch.setattr(books, "_now", lambda: now)
    ledger, call = Books(setup.warehouse, DAY, "a run"), LlmCall("ep_1", "claims", "m", "1", usd=0.95)
    with ledger.sent(call, lambda _: True, lambda _: None) as call_id:
        now = datetime(2026, 9, 15, 0, 0, 1)
        ledger.book(call, "key", call_id=call_id)
    assert ledger.spent() == Spent(0.95, 0)
    assert setup.outcomes() == {"ok": 1}


def test_calls_side_by_side_cannot_overspend_together_and_what_fits_one_by_one_waits(setup: Setup) -> None:
    now, most, lock = 0, 0, Lock()

    def answer(_: dict[str, Any]) -> Reply:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)  # for others to come, if they may
        with lock:
            now -= 1
        return Reply(claims())

    setup.server.answer = answer
    turns = [Segment(i, i * 40.0, i * 40 + 39.0, f"Speaker {i % 2}", "word " * 99) for i in range(4)]
    windows = {"llm_window_words": 100, "llm_overlap_words": 0, "llm_timeout_seconds": 90.0}
    extraction = setup.extractor(**PRICED, **windows, llm_budget_usd_per_run=0.06).extract(EPISODE, turns)
    assert extraction.note is None
    assert (len(setup.server.asked), most) == (4, 1)


def test_a_call_stands_in_the_books_before_it_is_made_for_its_process_may_die(setup: Setup) -> None:
    seen: list[tuple[str, float | None, bool]] = []

    def answer(_: dict[str, Any]) -> Reply:
        with setup.warehouse.read() as con:
            seen.extend(con.execute("select outcome, usd, usd_at_most > 0.04 from raw.llm_calls").fetchall())
        assert Books(setup.warehouse, DAY).spent().day > 0.04, "what another process sees"
        return GOOD_REPLY

    assert setup.extract(answer, **{**PRICED, "llm_timeout_seconds": 90.0}).note is None
    assert seen == [("sent, and no reply seen", None, True)]
    assert setup.outcomes() == {"ok": 1}
    assert Books(setup.warehouse, DAY).spent().day < 0.01


def test_tokens_and_dollars_are_booked_the_providers_cache_included(setup: Setup) -> None:
    setup.server.cached_tokens = 200
    setup.extract(GOOD_REPLY, **PRICED)
    with setup.warehouse.read() as con:
        spending = spending_of_day(con, DAY)
    request = setup.server.asked[0]
    tokens_in = sum(len(message["content"]) for message in request["messages"]) // 4
    assert (spending.tokens_in, spending.tokens_cached) == (tokens_in, 200)
    full_price = tokens_in * 2.5e-6 + spending.tokens_out * 10e-6
    assert spending.usd == pytest.approx(full_price - 200 * 1.25e-6)


def test_what_is_written_to_the_providers_cache_is_booked_at_its_higher_price(setup: Setup) -> None:
    setup.server.written_tokens = 400
    setup.extract(GOOD_REPLY, **{**PRICED, "llm_model": "openai/gpt-5.6"})
    with setup.warehouse.read() as con:
        spending = spending_of_day(con, DAY)
    assert spending.usd == pytest.approx((spending.tokens_in + 400 * 0.25) * 4e-6 + spending.tokens_out * 20e-6)


@pytest.mark.parametrize("count", [-5, 10**15])
def test_a_count_that_no_reply_can_have_is_none(setup: Setup, count: int) -> None:
    setup.server.cached_tokens = setup.server.written_tokens = count
    assert setup.extract(GOOD_REPLY, **PRICED).note is None
    with setup.warehouse.read() as con:
        assert spending_of_day(con, DAY).tokens_cached == 0


def test_questions_of_a_batch_cost_at_most_what_each_of_them_does(setup: Setup) -> None:
    settings = setup.settings.model_copy(update={"llm_is_free": False, "llm_model": "openai/gpt-5.4"})
    budget = Budget(Prices(import_litellm(), settings), settings)
    prompts = [
        "word " * 3000
    ] * 40  # together beyond the length from which on a token of this model costs twice as much
    assert budget.most(*prompts) == pytest.approx(40 * budget.most(prompts[0]))


def test_a_call_of_unknown_cost_is_counted_at_most(setup: Setup) -> None:
    setup.extract(Reply(claims(GOOD), wait=1.0), **PRICED, llm_max_attempts=1)
    with setup.warehouse.read() as con:
        usd, at_most = con.execute("select usd, usd_at_most from raw.llm_calls").fetchall()[0]
        assert spending_of_day(con, DAY).usd is None
    assert usd is None
    assert at_most > 0.04
