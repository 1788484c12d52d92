"""The one room that knows URIs."""
