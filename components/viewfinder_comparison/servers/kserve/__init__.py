"""KServe's stock model server with TensorFlow."""
