"""FastAPI with TensorFlow."""
