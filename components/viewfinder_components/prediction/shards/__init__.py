"""Work that is divided among several pods."""
