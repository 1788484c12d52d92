"""Classify many photos, and write what the model says about them as one Parquet file."""
