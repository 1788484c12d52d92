import os

import numpy as np
import tensorflow as tf
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

model = tf.saved_model.load(os.environ["SAVED_MODEL"])
infer = model.signatures["serving_default"]


@batch
def classify(photo):
    outputs = infer(image_bytes=tf.constant(photo[:, 0].tolist()))
    return {
        "label": outputs["label"].numpy().astype(bytes)[:, np.newaxis],
        "probabilities": outputs["probabilities"].numpy(),
    }


if __name__ == "__main__":
    http, grpc, metrics = map(int, os.environ["PORTS"].split(","))
    with Triton(
        config=TritonConfig(
            http_address="127.0.0.1",
            http_port=http,
            grpc_address="127.0.0.1",
            grpc_port=grpc,
            metrics_port=metrics,
        )
    ) as triton:
        triton.bind(
            model_name="classifier",
            infer_func=classify,
            inputs=[Tensor(name="photo", dtype=bytes, shape=(1,))],
            outputs=[
                Tensor(name="label", dtype=bytes, shape=(1,)),
                Tensor(name="probabilities", dtype=np.float32, shape=(-1,)),
            ],
            config=ModelConfig(
                max_batch_size=8, batcher=DynamicBatcher(max_queue_delay_microseconds=1000)
            ),
            strict=True,
        )
        triton.serve()
