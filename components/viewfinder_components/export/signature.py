"""The inputs and outputs of the two models."""

from typing import Any

INPUT = "image_bytes"
SIGNATURE = "serving_default"
"""The one TensorFlow Serving uses if a request names none."""


def describe_signature(size: int, classes: int) -> dict[str, Any]:
    """Describe both models' inputs and outputs for the manifest.

    Args:
        size: Side of the photos that the network accepts, in pixels.
        classes: Number of labels.

    Returns:
        JSON-ready; None in a shape stands for the photos of a batch.
    """
    rows = {"dtype": "float32", "shape": [None, classes]}
    return {
        "saved_model": {
            "name": SIGNATURE,
            "inputs": {INPUT: {"dtype": "string", "shape": [None]}},
            "outputs": {
                "label": {"dtype": "string", "shape": [None]},
                "labels": {"dtype": "string", "shape": [None, classes]},
                "probabilities": rows,
            },
        },
        "openvino": {
            "inputs": {"pixels": {"dtype": "uint8", "shape": [None, size, size, 3]}},
            "outputs": {"probabilities": rows},
        },
    }
