"""Find a published version to deploy, and the test photos kept with it."""
