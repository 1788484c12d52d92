"""Hold the very predictor that will serve the model to the evaluation."""
