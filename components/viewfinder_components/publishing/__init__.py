"""Put a servable under the model root as an immutable version."""
