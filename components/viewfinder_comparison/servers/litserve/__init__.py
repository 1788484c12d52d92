"""LitServe with TensorFlow."""
