"""`viewfinder doctor`: look over an install before anything runs on it."""
