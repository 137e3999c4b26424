"""Servers and models that misbehave, over HTTP: what is asked again, what is remembered, what stands in."""

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from digest_pipeline.llm.client import FAILURES_IN_A_ROW, RATE_LIMITED_ATTEMPTS
from digest_pipeline.models import Segment
from tests.llm_server import Reply
from tests.llm_setup import EPISODE, GOOD, GOOD_REPLY, PRICED, SEGMENTS, Setup, calls, claims, make_setup, pytestmark  # noqa: F401 - a fixture

# What comes back, and the outcome that is counted for it.
MISBEHAVIOURS = {
    "broken JSON": (Reply('{"claims": [{headline: nope}]}'), "broken JSON"),
    "truncated JSON": (Reply('{"claims": [{"headline": "half'), "truncated JSON"),
    "cut at the limit": (Reply('{"claims": [{"hea', finish_reason="length"), "cut off at the limit of tokens"),
    "prose": (Reply("Ann Lee tells how a deposit cleared a queue."), "prose instead of JSON"),
    "refusal": (Reply("I am sorry, I cannot help with that."), "refusal"),
    "provider's refusal": (Reply("", refusal="no"), "refused by the model's provider"),
    "content filter": (Reply("", finish_reason="content_filter"), "refused by the model's provider"),
    "empty": (Reply(""), "empty reply"),
    "no choice": (Reply(finish_reason="no choice"), "empty reply"),
    "half an emoji": (Reply("Sure \ud83d"), "prose instead of JSON"),
    "refusal in curly quotes": (Reply("I can’t help with that."), "refusal"),
    "braces alone": (Reply("{claims: none}"), "prose instead of JSON"),
    "list": (Reply("[1, 2]"), "prose instead of JSON"),
    "another form": (Reply('{"insights": []}'), "JSON of another form"),
    "wrong types": (Reply('{"claims": [{"headline": 5}]}'), "JSON of another form"),
    "unknown kind": (Reply(claims({**GOOD, "kind": "secret"})), "JSON of another form"),
    "timeout": (Reply(claims(GOOD), wait=1.0), "Timeout"),
    "429": (Reply(status=429), "RateLimitError"),
    "500": (Reply(status=500), "InternalServerError"),
    "wrong key": (Reply(status=401), "AuthenticationError"),
    "bad request": (Reply(status=400), "BadRequestError"),
}


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS)
def test_a_window_without_usable_reply_gets_the_extractive_result_and_says_so(setup: Setup, misbehaviour: str) -> None:
    reply, outcome = MISBEHAVIOURS[misbehaviour]
    extraction = setup.extract(reply)
    assert extraction.note is not None
    assert extraction.note.startswith("1 of 1 windows by the extractive method: ")
    assert extraction.candidates
    assert {c.extractor for c in extraction.candidates} == {"extractive"}
    assert outcome in setup.outcomes()
    assert "ok" not in setup.outcomes()


BY_PROVIDER = "refused by the model's provider"
POLICY = "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
FLAGGED = "Your chosen model requires moderation and your input was flagged"
REFUSALS = {  # what comes back, its reason, and how often it is asked at first
    "by the provider": (Reply("", refusal="no"), BY_PROVIDER, 1),
    "content filter": (Reply("", finish_reason="content_filter"), BY_PROVIDER, 1),
    "content policy": (Reply(status=400, error=POLICY), BY_PROVIDER, 1),
    "moderation": (Reply(status=403, error=FLAGGED), BY_PROVIDER, 1),
    "twice in words": (Reply("I am sorry, I cannot help with that."), "refusal", 2),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_the_model_refuses_is_remembered_and_counted(setup: Setup, refusal: str) -> None:
    reply, reason, asked = REFUSALS[refusal]
    first = setup.extract(reply)
    assert f": {reason} (it is asked again after 30 days" in (first.note or "")
    assert setup.extract(GOOD_REPLY) == first
    assert len(setup.server.asked) == asked
    assert calls(setup) == [(reason, False)] * asked + [(reason, True)]
    assert setup.outcomes() == {reason: asked}


@pytest.mark.parametrize(
    "change",
    ["delete from raw.llm_refusals", "update raw.llm_refusals set refused_at = refused_at - interval 31 days"],
)
def test_a_refused_question_is_asked_again_when_it_is_removed_or_old(setup: Setup, change: str) -> None:
    setup.extract(Reply("", refusal="no"))
    with setup.warehouse.write() as con:
        con.execute(change)
    assert setup.extract(GOOD_REPLY).note is None
    assert setup.extract(Reply(status=500)).note is None
    assert len(setup.server.asked) == 2


def test_a_refusal_holds_for_its_model_only(setup: Setup) -> None:
    setup.extract(Reply("", refusal="no"))
    assert setup.extract(GOOD_REPLY, llm_model="openai/another").note is None


@pytest.mark.parametrize(
    "misbehaviour",
    ["broken JSON", "prose", "cut at the limit", "empty", "timeout", "429", "500", "wrong key", "bad request"],
)
def test_what_asking_again_may_mend_is_asked_again(setup: Setup, misbehaviour: str) -> None:
    setup.extract(MISBEHAVIOURS[misbehaviour][0])
    assert setup.extract(GOOD_REPLY).note is None


def test_a_refusal_after_a_broken_reply_is_not_remembered(setup: Setup) -> None:
    replies = iter([Reply("Sure! Here it comes."), Reply("I am sorry, I cannot help with that.")])
    setup.extract(lambda _: next(replies))
    assert setup.extract(GOOD_REPLY).note is None


def test_refused_questions_are_no_failures_of_the_server(setup: Setup) -> None:
    setup.server.answer = Reply(status=400, error=POLICY)
    extractor = setup.extractor()
    for number in range(FAILURES_IN_A_ROW + 1):
        extractor.extract(replace(EPISODE, title=str(number)), SEGMENTS)
    assert len(setup.server.asked) == FAILURES_IN_A_ROW + 1


def test_a_question_that_was_read_and_refused_may_have_cost_something(setup: Setup) -> None:
    setup.extract(Reply(status=400, error=POLICY), **PRICED)
    with setup.warehouse.read() as con:
        ((usd, at_most),) = con.execute("select usd, usd_at_most from raw.llm_calls").fetchall()
    assert usd is None
    assert at_most > 0.04


def test_a_broken_reply_is_asked_for_again_with_its_fault(setup: Setup) -> None:
    replies = iter([Reply("Sure! Here it comes."), Reply(f"Here you are:\n```json\n{claims(GOOD)}\n```")])
    extraction = setup.extract(lambda _: next(replies))
    assert extraction.note is None
    assert [c.rejected_reason for c in extraction.candidates] == [None]
    assert setup.outcomes() == {"prose instead of JSON": 1, "ok": 1}
    assert "prose instead of JSON" in setup.server.asked[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "reply",
    [
        f"What {{Ann}} says is a claim.</think>\n{claims(GOOD)}",
        f"```json\n{claims(GOOD)}\n```\nI left out {{jokes}}.",
        f"{claims(GOOD)}\n{claims(GOOD)}",
        claims(GOOD).replace("A deposit only", "A deposit\nonly"),
    ],
    ids=["thoughts with braces", "braces after it", "twice", "a line end in a text"],
)
def test_the_object_of_a_reply_is_found_whatever_stands_around_it(setup: Setup, reply: str) -> None:
    (candidate,) = setup.extract(Reply(reply)).candidates
    assert (candidate.explanation, candidate.rejected_reason) == (GOOD["explanation"], None)
    assert setup.outcomes() == {"ok": 1}


def test_a_failing_server_is_asked_again_after_the_pause_that_it_names(setup: Setup) -> None:
    replies = iter([Reply(status=429, headers={"Retry-After": "0"}), Reply(claims(GOOD))])
    extraction = setup.extract(lambda _: next(replies))
    assert extraction.note is None
    assert setup.outcomes() == {"RateLimitError": 1, "ok": 1}


def test_a_rate_limit_is_waited_out_for_longer_than_a_fault(setup: Setup) -> None:
    replies = iter([*[Reply(status=429)] * (RATE_LIMITED_ATTEMPTS - 1), Reply(claims(GOOD))])
    extraction = setup.extract(lambda _: next(replies))
    assert extraction.note is None
    assert len(setup.server.asked) == RATE_LIMITED_ATTEMPTS > setup.settings.llm_max_attempts


def test_the_first_pause_is_the_one_of_the_settings_and_the_next_twice_as_long(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr("digest_pipeline.llm.client.time", SimpleNamespace(sleep=paused.append))
    setup.extract(Reply(status=500), llm_max_attempts=3, llm_retry_seconds=0.5)
    assert paused == [0.5, 1.0]


def test_half_an_emoji_after_a_reply_does_no_harm(setup: Setup) -> None:
    extraction = setup.extract(Reply(f"{claims(GOOD)} \ud83d"))
    assert [c.rejected_reason for c in extraction.candidates] == [None]
    assert setup.extract(Reply(status=500)) == extraction


def test_whole_claims_of_a_truncated_reply_are_kept(setup: Setup) -> None:
    extraction = setup.extract(Reply(claims(GOOD, GOOD)[:-40], finish_reason="length"))
    assert extraction.note is None
    assert [c.headline for c in extraction.candidates] == [GOOD["headline"]]
    assert setup.outcomes() == {"ok, whole claims of truncated JSON kept": 1}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "response_format is unknown"),
        (400, "This model does not support response format `json_schema`."),
        (400, "json_schema is not supported"),
        (400, "failed to parse grammar"),
        (422, "body.response_format: extra inputs are not permitted"),
    ],
)
def test_a_server_that_knows_no_schemas_is_asked_without(setup: Setup, status: int, error: str) -> None:
    def answer(request: dict[str, Any]) -> Reply:
        return Reply(status=status, error=error) if "response_format" in request else GOOD_REPLY

    assert setup.extract(answer).note is None
    assert len(setup.server.asked) == 2


def test_a_server_that_knows_no_schemas_is_asked_without_by_all_that_meet_it_at_once(setup: Setup) -> None:
    gate = threading.Barrier(3, timeout=60)

    def answer(request: dict[str, Any]) -> Reply:
        if "response_format" in request:
            gate.wait()
            return Reply(status=400, error="response_format is unknown")
        return Reply(claims())

    setup.server.answer = answer
    turns = [Segment(i, i * 40.0, i * 40 + 39.0, f"Speaker {i}", "word " * 99) for i in range(3)]
    windows = {"llm_window_words": 100, "llm_overlap_words": 0, "llm_concurrency": 3, "llm_timeout_seconds": 90.0}
    assert setup.extractor(**windows).extract(EPISODE, turns).note is None


def test_a_dead_server_is_left_alone_after_a_few_questions(setup: Setup) -> None:
    setup.server.answer = Reply(status=500)
    extractor = setup.extractor()
    for number in range(FAILURES_IN_A_ROW + 3):
        extraction = extractor.extract(replace(EPISODE, episode_id=f"ep_{number}", title=str(number)), SEGMENTS)
        assert extraction.candidates
    assert "is not asked again" in (extraction.note or "")
    assert len(setup.server.asked) == FAILURES_IN_A_ROW * setup.settings.llm_max_attempts


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_every_other_call_would_meet_is_met_once_and_costs_nothing(setup: Setup, status: int) -> None:
    setup.server.answer = Reply(status=status)
    extractor = setup.extractor(**PRICED)
    for number in range(3):
        extractor.extract(replace(EPISODE, title=str(number)), SEGMENTS)
    assert len(setup.server.asked) == 1
    with setup.warehouse.read() as con:
        assert con.execute("select usd from raw.llm_calls").fetchall() == [(0.0,)]


def test_why_the_server_is_not_asked_again_is_told_in_its_words_without_secrets(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-provider")
    error = "Wrong key sk-of-the-provider, not sk-of-the-settings, at https://me:hunter2@x.example/v1?key=abc"
    extraction = setup.extract(Reply(status=401, error=error), llm_api_key=SecretStr("sk-of-the-settings"))
    told = "(AuthenticationError: Wrong key …, not …, at https://x.example/v1?…)"
    assert extraction.note is not None
    assert extraction.note.endswith(told)
    for secret in ("sk-of", "hunter2", "abc"):
        assert secret not in caplog.text
