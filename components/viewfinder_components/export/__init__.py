"""Write the directory that TensorFlow Serving and the predictor load."""
