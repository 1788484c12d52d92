"""Put a published version behind a KServe InferenceService, and prove that it serves."""
