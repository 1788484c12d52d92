"""Serve a version with a KServe InferenceService, in KServe's mode Standard or Knative."""
