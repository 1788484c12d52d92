"""Writes the Grafana dashboards of `manifests/monitoring`, with the types of Grafana's own SDK."""
