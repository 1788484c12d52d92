"""Put a published version behind a KServe InferenceService that tells the truth."""
