"""The composition root: joins the library's resources with the assets. The only module that imports both sides."""

from collections.abc import Mapping
from typing import Any

from dagster import Definitions, load_assets_from_package_module

import assets
from digest_pipeline.automation import (
    daily_digest_job,
    daily_digest_schedule,
    deliveries_job,
    deliveries_schedule,
    failed_runs,
    finished_days,
    rescore_job,
    upkeep_job,
    upkeep_schedule,
)
from digest_pipeline.resources import SettingsResource, dbt_resource, warehouse_resource
from digest_pipeline.settings import load_settings


def build_defs(*, resources: Mapping[str, Any] | None = None) -> Definitions:
    """All assets, jobs, schedules and sensors.

    Args:
        resources: replacements by name (``warehouse``, ``settings``, ``dbt``), for tests and for other deployments.
    """
    return Definitions(
        assets=load_assets_from_package_module(assets),
        jobs=[daily_digest_job, deliveries_job, rescore_job, upkeep_job],
        schedules=[daily_digest_schedule, deliveries_schedule, upkeep_schedule],
        sensors=[failed_runs, finished_days],
        resources={
            "warehouse": warehouse_resource(load_settings()),
            "settings": SettingsResource(),
            "dbt": dbt_resource(),
            **(resources or {}),
        },
    )


defs = build_defs()
