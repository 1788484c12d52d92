"""The predictor: kserve's model server around a published version, in a pod or on a laptop.

It reads `model.xml`, `model.bin`, `labels.json` and, if there is one, `manifest.json`; it needs
neither TensorFlow nor kfp nor the pipeline's steps. Start it with
`python -m viewfinder_serving --model-dir DIR`, or from Python with `server.serve`.
"""
