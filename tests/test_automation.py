"""What the daemon does by itself: each run that ends is reported, whoever started it, with the reason if it failed."""

import pytest
from dagster import (
    DagsterInstance,
    DailyPartitionsDefinition,
    SensorDefinition,
    asset,
    build_sensor_context,
    job,
    materialize,
    op,
)

from digest_pipeline.automation import failed_runs, finished_days
from digest_pipeline.failures import REPORTED
from digest_pipeline.settings import Settings
from digest_pipeline.warehouse import Warehouse
from tests.conftest import Web

DAY = "2026-09-17"


@asset(partitions_def=DailyPartitionsDefinition("2026-09-01"))
def light() -> None:
    """An asset without work."""


@asset(partitions_def=DailyPartitionsDefinition("2026-09-01"))
def broken() -> None:
    raise ValueError("the mart lacks a column")


@op
def full_disk() -> None:
    raise OSError(28, "No space left on device")


@job
def upkeep_of_a_full_disk() -> None:
    full_disk()


@pytest.fixture
def alerts(web: Web, settings: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What arrived where ``alert_url`` leads."""
    got = web.collect("/alerts")
    monkeypatch.setenv("DIGEST_ALERT_URL", f"{web.url.replace('http', 'json')}/alerts")
    with warehouse.write() as con:
        con.execute("insert into raw.feeds (feed_url, shown_url, title, added_at, last_status, consecutive_failures)"
                    " values ('u', 'u', 'A', '2026-09-01', 'HTTP 500', 12)")  # fmt: skip
    return got


def look(sensor: SensorDefinition, instance: DagsterInstance, cursor: str | None) -> str | None:
    """One look of the daemon's; what the sensor remembers."""
    return sensor.evaluate_tick(build_sensor_context(instance=instance, cursor=cursor)).cursor


def test_a_day_that_the_ui_started_is_reported_like_one_of_the_schedule(
    alerts: list[dict[str, str]], settings: Settings
) -> None:
    with DagsterInstance.ephemeral() as instance:
        cursor = look(finished_days, instance, None)
        materialize([light], partition_key=DAY, instance=instance, tags={REPORTED: "yes"})
        cursor = look(finished_days, instance, cursor)
        assert not (settings.home / "metrics.prom").exists()
        materialize([light], partition_key=DAY, instance=instance)
        look(finished_days, instance, cursor)
    assert (settings.home / "metrics.prom").exists()
    (alert,) = alerts
    assert alert["title"] == f"Digest of {DAY}"
    assert alert["message"].startswith("- A: HTTP 500")


def test_a_run_that_failed_is_reported_with_its_reason(alerts: list[dict[str, str]]) -> None:
    with DagsterInstance.ephemeral() as instance:
        cursor = look(failed_runs, instance, None)
        materialize([broken], partition_key=DAY, instance=instance, raise_on_error=False)
        look(failed_runs, instance, cursor)
    (alert,) = alerts
    assert alert["title"] == f"Digest of {DAY}"
    assert f"of {DAY} failed: broken: ValueError: the mart lacks a column" in alert["message"]


def test_a_run_without_a_day_is_named_by_its_job(alerts: list[dict[str, str]]) -> None:
    with DagsterInstance.ephemeral() as instance:
        cursor = look(failed_runs, instance, None)
        upkeep_of_a_full_disk.execute_in_process(instance=instance, raise_on_error=False)
        look(failed_runs, instance, cursor)
    (alert,) = alerts
    assert alert["title"] == "upkeep_of_a_full_disk"
    assert "upkeep_of_a_full_disk failed: full_disk: the disk is full" in alert["message"]
