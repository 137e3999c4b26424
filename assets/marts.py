"""The dbt project: staging views and marts, with their tests as checks."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from dagster import AssetExecutionContext, AssetSpec
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from digest_pipeline.partitions import DAILY
from digest_pipeline.progress import step
from digest_pipeline.resources import (
    DAY_VARIABLE,
    WarehouseResource,
    build_folder,
    dbt_environment,
    dbt_project,
    dbt_sources_hash,
)
from digest_pipeline.warehouse.marts import marts_built_from, note_marts_built


class _Translator(DagsterDbtTranslator):
    """dbt's folders become Dagster's groups; its models have the days of the other assets.

    Without days of their own, a backfill in the UI would score all its days before it publishes the first. Named here
    and not in the decorator, which would give them another backfill policy than the others have: all days in one run.
    """

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        folder = self.get_resource_props(manifest, unique_id)["fqn"][1]
        return spec.replace_attributes(group_name=folder, owners=["team:digest"], partitions_def=DAILY)


# One asset writes several source tables, so several sources share its key.
TRANSLATOR = _Translator(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))


@dbt_assets(
    manifest=dbt_project().manifest_path, project=dbt_project(), dagster_dbt_translator=TRANSLATOR, name="marts"
)
def marts(context: AssetExecutionContext, dbt: DbtCliResource, warehouse: WarehouseResource) -> Iterator[Any]:
    """Staging views and marts over what the stages wrote; dbt's data tests run with them."""
    with warehouse.open().read() as con:  # the sources exist from here on; no connection is open while dbt writes
        was_built_from = marts_built_from(con)
    os.environ.update(dbt_environment(warehouse))
    os.environ[DAY_VARIABLE] = context.partition_key if context.has_partition_key else ""
    sources = dbt_sources_hash()
    command = ["build"]
    if was_built_from != sources:  # by another release: what incremental models hold is of other columns
        command += ["--full-refresh"]
    yield from dbt.cli(command, context=context, target_path=build_folder(dbt_project())).stream()
    if was_built_from != sources and not context.is_subset:  # the models left out are of another release still
        with warehouse.open().write() as con:
            note_marts_built(con, sources)
    step("marts", 1, 1, "dbt models and tests")
