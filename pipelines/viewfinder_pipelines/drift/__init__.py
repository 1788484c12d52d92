"""Whether the photos of a served model are still those that it was made for."""
