import os

import tensorflow as tf
from fastapi import FastAPI, UploadFile

app = FastAPI()
model = tf.saved_model.load(os.environ["SAVED_MODEL"])
infer = model.signatures["serving_default"]


@app.post("/infer")
def classify(photo: UploadFile):
    outputs = infer(image_bytes=tf.constant([photo.file.read()]))
    return {
        "label": outputs["label"][0].numpy().decode(),
        "probabilities": outputs["probabilities"][0].numpy().tolist(),
    }
