import os

import tensorflow as tf
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Classifier(MLModel):
    async def load(self) -> bool:
        self.model = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.infer = self.model.signatures["serving_default"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        photos = self.decode(payload.inputs[0], default_codec=Base64Codec)
        outputs = self.infer(image_bytes=tf.constant(photos))
        labels = [label.decode() for label in outputs["label"].numpy()]
        rows = outputs["probabilities"].numpy()
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                StringCodec.encode_output("label", labels),
                NumpyCodec.encode_output("probabilities", rows),
            ],
        )
