"""Signals to stop are known of, whatever becomes of the exception that a handler raises."""

import os
import signal
import threading
import weakref
from datetime import date

import pytest
from dagster import DagsterInstance, job, op
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.interrupts import capture_interrupts, raise_interrupts_as

from digest_pipeline.errors import DigestError
from digest_pipeline.runs import run_days, stop_between_steps
from digest_pipeline.settings import Settings
from digest_pipeline.stopping import TO_STOP, stop_signals

each_signal = pytest.mark.parametrize("number", TO_STOP)


@each_signal
def test_a_signal_interrupts_and_counts_from_when_it_came(number: signal.Signals) -> None:
    handler = signal.getsignal(number)
    with stop_signals() as came:
        assert not came()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert came()
        assert came()
    with stop_signals() as came:
        assert not came()
    assert signal.getsignal(number) is handler


@each_signal
def test_a_signal_that_breaks_off_a_step_counts(number: signal.Signals) -> None:
    with stop_signals() as came:
        with pytest.raises(DagsterExecutionInterruptedError), raise_interrupts_as(DagsterExecutionInterruptedError):
            os.kill(os.getpid(), number)
        assert came()


@each_signal
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_is_lost_in_a_callback_counts(number: signal.Signals) -> None:
    class Collected:
        pass

    with stop_signals() as came, raise_interrupts_as(DagsterExecutionInterruptedError):
        collected = Collected()
        kept = weakref.ref(collected, lambda _: os.kill(os.getpid(), number))
        del collected
        assert kept() is None
        assert came()


def test_sigterm_counts_after_a_run_where_the_shell_had_sigint_ignored() -> None:
    """Dagster leaves SIGTERM with the handler of SIGINT when a run has ended."""
    before = {number: signal.getsignal(number) for number in TO_STOP}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals() as came:
            with capture_interrupts():
                pass
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
            assert came()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_other_signals_do_not_count() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    with stop_signals() as came:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not came()
    signal.signal(signal.SIGUSR1, before)


def test_in_another_thread_nothing_is_claimed_and_nothing_breaks() -> None:
    said: list[bool] = []

    def work() -> None:
        with stop_signals() as came:
            said.append(came())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == [False]


@each_signal
def test_a_run_ends_after_the_step_in_which_a_library_swallowed_the_signal(number: signal.Signals) -> None:
    ended: list[str] = []

    @op
    def first() -> int:
        try:
            os.kill(os.getpid(), number)
        except BaseException:  # noqa: BLE001 - as such libraries do
            ended.append("first")
        return 1

    @op
    def second(one: int) -> None:
        ended.append("second")

    @job
    def both() -> None:
        second(first())

    with stop_signals() as came, DagsterInstance.ephemeral() as instance:
        stops = both.with_hooks({stop_between_steps(came)})
        result = stops.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert ended == ["first"]


@each_signal
def test_a_signal_before_a_day_ends_the_run_in_words(settings: Settings, number: signal.Signals) -> None:
    days = run_days([date(2026, 9, 14)], settings, before=lambda _: os.kill(os.getpid(), number))
    with pytest.raises(DigestError, match="was stopped"):
        next(days)
