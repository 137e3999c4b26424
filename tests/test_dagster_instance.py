"""What ``dagster.yaml`` asks of Dagster: a run that died holds up no other for ever, and is tried once more."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRunStatus, job, op
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from digest_pipeline.instance import prepare_home
from digest_pipeline.settings import Settings


@op
def light() -> None:
    """An op without work."""


@job
def light_job() -> None:
    light()


@pytest.mark.parametrize(("hours", "status"), [(11, "STARTED"), (13, "FAILURE")])
def test_a_run_whose_machine_died_ends_some_time_and_is_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, hours: int, status: str
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))  # undone after the test, however it is set
    prepare_home(settings)
    with DagsterInstance.get() as instance:
        run_id = instance.create_run_for_job(light_job).run_id
        began = DagsterEvent(DagsterEventType.PIPELINE_START.value, light_job.name)
        instance.run_storage.handle_run_event(run_id, began, datetime.now(UTC) - timedelta(hours=hours))
        (record,) = instance.get_run_records()
        monitor_started_run(instance, None, record, logging.getLogger())  # type: ignore[arg-type]
        (record,) = instance.get_run_records()
        assert record.dagster_run.status is DagsterRunStatus(status)
        assert auto_reexecution_should_retry_run(instance, record.dagster_run, None) is (status == "FAILURE")


def test_the_ui_begins_without_asking_for_an_address(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(settings.dagster_home))
    prepare_home(settings)
    with DagsterInstance.get() as instance:
        assert not instance.nux_enabled
