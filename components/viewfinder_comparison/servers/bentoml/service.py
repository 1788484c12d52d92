import os
from pathlib import Path

import bentoml
import tensorflow as tf


@bentoml.service(workers="cpu_count")
class Classifier:
    def __init__(self):
        self.model = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.infer = self.model.signatures["serving_default"]

    @bentoml.api
    def classify(self, photo: Path) -> dict:
        outputs = self.infer(image_bytes=tf.constant([photo.read_bytes()]))
        return {
            "label": outputs["label"][0].numpy().decode(),
            "probabilities": outputs["probabilities"][0].numpy().tolist(),
        }
