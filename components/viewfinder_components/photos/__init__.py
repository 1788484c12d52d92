"""The one place that opens a picture, for training and serving alike."""
