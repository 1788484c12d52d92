"""Find labels that deserve a second look, in all splits."""
