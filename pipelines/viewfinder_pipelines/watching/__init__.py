"""What a served model does now: its metrics, read again and again, as figures."""
