"""Flask with TensorFlow, as Koul, Ganju and Kasam have it, with the model loaded once."""
