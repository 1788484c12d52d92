"""Say which parts of a photo speak for a class."""
