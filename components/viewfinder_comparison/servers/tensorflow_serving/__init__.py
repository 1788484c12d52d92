"""TensorFlow Serving, which its user installs."""
