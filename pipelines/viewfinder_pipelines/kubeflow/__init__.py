"""Run a pipeline on Kubeflow Pipelines, and read back what it did."""
