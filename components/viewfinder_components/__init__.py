"""The steps of the pipeline, and the modules they share."""
