"""What a run has left behind, as tables and figures."""
