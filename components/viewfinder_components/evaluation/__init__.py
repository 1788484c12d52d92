"""Score the model on photos it has never seen, compare it with the champion, and decide."""
