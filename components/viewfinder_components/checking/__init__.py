"""Compare the predictor that will serve the model with the evaluation."""
