"""`viewfinder doctor`: check an installation before anything runs on it."""
