"""Tests of `ml_headcount_assets.ingest.vendors`."""
