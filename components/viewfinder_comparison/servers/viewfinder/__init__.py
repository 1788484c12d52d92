"""Viewfinder's own predictor."""
