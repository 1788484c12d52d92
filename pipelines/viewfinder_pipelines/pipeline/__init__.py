"""The pipelines: their definitions, their parameters, and their form in Kubeflow Pipelines."""
