import base64
import os

import litserve as ls
import tensorflow as tf


class Classifier(ls.LitAPI):
    def setup(self, device):
        self.model = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.infer = self.model.signatures["serving_default"]

    def decode_request(self, request):
        return base64.b64decode(request["photo"])

    def predict(self, photo):
        return self.infer(image_bytes=tf.constant([photo]))

    def encode_response(self, outputs):
        return {
            "label": outputs["label"][0].numpy().decode(),
            "probabilities": outputs["probabilities"][0].numpy().tolist(),
        }


if __name__ == "__main__":
    server = ls.LitServer(
        Classifier(), accelerator="cpu", workers_per_device=int(os.environ["WORKERS"])
    )
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False)
