"""Collects every message that the program can print from its source, for docs/messages.md."""
