"""The only package that opens pictures, for training and serving alike."""
