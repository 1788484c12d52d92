"""Decoders of the formats, and what is read of a picture besides its pixels."""
