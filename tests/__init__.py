"""Tests: many small ones on the domain, assets on real DuckDB files, one whole demo through the job."""
