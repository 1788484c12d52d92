"""MLServer with TensorFlow."""
