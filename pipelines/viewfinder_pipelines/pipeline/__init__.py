"""The pipelines: what they are, their parameters, and what Kubeflow Pipelines is given of them."""
