"""How a service moves from one version to the next: one module per strategy."""
