"""The steps of the pipeline, and the ground they stand on."""
