"""The DuckDB store: how it is opened and how its schema grows. Queries live in the stage that asks them."""

from digest_pipeline.warehouse.connection import Warehouse

__all__ = ["Warehouse"]
