"""BentoML with TensorFlow."""
