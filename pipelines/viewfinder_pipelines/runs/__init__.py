"""The record of a run, its events and its report, wherever it ran."""
