import argparse
import base64
import os

import tensorflow as tf
from kserve import Model, ModelServer, model_server


class Classifier(Model):
    def load(self):
        self.model = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.infer = self.model.signatures["serving_default"]
        self.ready = True

    def predict(self, payload, headers=None):
        photos = [base64.b64decode(one["b64"]) for one in payload["instances"]]
        outputs = self.infer(image_bytes=tf.constant(photos))
        labels = outputs["label"].numpy()
        rows = outputs["probabilities"].numpy()
        return {
            "predictions": [
                {"label": label.decode(), "probabilities": row.tolist()}
                for label, row in zip(labels, rows)
            ]
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model_name)
    classifier.load()
    ModelServer().start([classifier])
