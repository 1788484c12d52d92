"""An ingress for Knative Serving, for tests only: KIngress objects made into Envoy's files."""
