"""Say which parts of a photo support a class."""
