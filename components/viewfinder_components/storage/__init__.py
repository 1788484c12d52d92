"""The only package that handles URIs."""
