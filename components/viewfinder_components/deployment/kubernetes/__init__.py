"""The Kubernetes API: where it is, who we are, and what its rejections mean."""
