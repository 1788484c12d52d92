"""Start runs by themselves: when an alert fires, or when new photos have appeared."""
