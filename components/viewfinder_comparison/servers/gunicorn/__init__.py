"""The Flask server behind gunicorn."""
