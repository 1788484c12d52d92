"""What the cluster reports on a service: its objects, a deployment's progress, what is wrong."""
