"""Train a classifier by transfer learning."""
