"""What the environment and the settings file say."""
