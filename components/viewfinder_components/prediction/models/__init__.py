"""What classifies photos, and its answers."""
