"""Score the model on photos it has never seen, beside the champion, and decide."""
