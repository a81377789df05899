"""The warehouse: one DuckDB file per study, with one table per asset."""
