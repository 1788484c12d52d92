import os

import tensorflow as tf
from flask import Flask, request

app = Flask(__name__)
model = tf.saved_model.load(os.environ["SAVED_MODEL"])
infer = model.signatures["serving_default"]


@app.get("/hello")
def hello():
    return "Hello!"


@app.post("/infer")
def classify():
    photo = request.files["photo"].read()
    outputs = infer(image_bytes=tf.constant([photo]))
    return {
        "label": outputs["label"][0].numpy().decode(),
        "probabilities": outputs["probabilities"][0].numpy().tolist(),
    }
