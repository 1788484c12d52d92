"""Runs that Kubeflow Pipelines starts by itself, at scheduled times."""
