"""Run a pipeline on this machine, and serve what it published."""
