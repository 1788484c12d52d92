"""Notice when the photos, or what the model makes of them, are no longer those it was made for."""
