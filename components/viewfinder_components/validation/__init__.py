"""Read every photo once and decide what is used."""
