"""Deploy a published version on its own, go back to an earlier one, remove a service."""
