"""Decoders for each format, and what else is read from a picture besides its pixels."""
