"""Measure one server for one round, keep what was measured, and summarize all rounds."""
