"""Deploy a published version by itself, go back to an earlier one, take a service away."""
