"""How dbt reaches the DuckLake: a plugin of dbt-duckdb, which the target ``lake`` of ``dbt/profiles.yml`` names."""

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from digest_pipeline.lake_address import LakeAddress
from digest_pipeline.settings import load_settings
from digest_pipeline.warehouse.lake import prepare


class Plugin(BasePlugin):
    """Makes ready what the profile attaches."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Load the extensions and log in, before dbt attaches the lake."""
        prepare(conn, LakeAddress.parse(load_settings().warehouse.get_secret_value()))
