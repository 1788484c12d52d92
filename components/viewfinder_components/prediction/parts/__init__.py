"""What is finished of the predictions: the list of the files, and its parts."""
