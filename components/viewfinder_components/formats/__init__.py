"""What one step writes and another reads."""
