"""Traces of prediction requests for OpenTelemetry, if they are turned on."""
