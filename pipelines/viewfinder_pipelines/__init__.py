"""The pipeline, and how to run it locally."""
