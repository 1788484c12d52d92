"""Notice changed photos: list them, and identify what the list says about each."""
