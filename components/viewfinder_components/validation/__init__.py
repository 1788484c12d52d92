"""Read every photo once and decide which ones to use."""
