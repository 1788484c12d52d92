"""mosec with TensorFlow."""
