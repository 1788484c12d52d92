import os

import tensorflow as tf
from mosec import Server, Worker


class Classifier(Worker):
    def __init__(self):
        self.model = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.infer = self.model.signatures["serving_default"]

    def deserialize(self, data):
        return bytes(data)

    def forward(self, photos):
        outputs = self.infer(image_bytes=tf.constant(photos))
        labels = outputs["label"].numpy()
        rows = outputs["probabilities"].numpy()
        return [
            {"label": label.decode(), "probabilities": row.tolist()}
            for label, row in zip(labels, rows)
        ]


if __name__ == "__main__":
    server = Server()
    server.append_worker(
        Classifier, num=int(os.environ["WORKERS"]), max_batch_size=8, max_wait_time=1
    )
    server.run()
