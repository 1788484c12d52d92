"""What the phases of the steps do: in the progress of a step, and in the report of a run."""

import re

_PHASES = {
    "fingerprint": {"list": "listing the photos"},
    "validate": {
        "read": "reading and decoding the files",
        "compare": "searching for duplicates, and assigning splits",
        "index": "writing the list of files",
        "report": "writing the page on the photos",
    },
    "preprocess": {
        "index": "listing the photos of each split",
        "pixels": "linking the resized photos",
        "draw": "copying the photos that export and check need",
    },
    "train": {
        "import": "loading TensorFlow",
        "build": "building the network",
        "convert": "converting the network to OpenVINO",
        "features": "computing the backbone's features of all photos",
        "head": "training the head",
        "fine-tune": "training the backbone and the head together",
        "scratch": "training the whole network",
        "save": "writing the model",
    },
    "evaluate": {
        "load": "reading the model and the list of photos",
        "model": "classifying the test photos",
        "metrics": "computing the metrics and their intervals",
        "comparison": "classifying the same photos with the published version",
        "samples": "choosing photos for the report and the later checks",
        "labels": "searching for labels worth a second look",
        "report": "writing the report",
    },
    "export": {
        "read": "reading what train and evaluate left",
        "import": "loading TensorFlow",
        "load": "loading the trained model",
        "trace": "tracing the TensorFlow function that the SavedModel will contain",
        "try": "comparing its probabilities with the evaluation's",
        "save": "writing the SavedModel",
        "quantize": "quantizing the network to int8",
        "drift": "describing the validation photos, for the detection of drift",
        "describe": "writing the OpenVINO files, the model card and the manifest",
    },
    "check": {
        "start": "starting the predictor",
        "answers": "comparing the predictor's answers with the evaluation's",
        "latency": "measuring the latency",
        "photos": "classifying test photos, to compare precisions",
        "bf16": "measuring the predictor in bf16",
        "int8": "measuring the predictor in int8",
    },
    "publish": {
        "inspect": "comparing the files with the manifest",
        "publish": "copying the version to the model root",
    },
    "select": {
        "find": "finding the version",
        "photos": "copying the version's test photos",
    },
    "deploy": {
        "prepare": "examining the cluster and the service",
        "apply": "applying the InferenceService",
        "rollout": "waiting for the new pods",
        "answers": "comparing the service's answers with the evaluation's",
    },
}
_COUNTED = re.compile(r"(-\d+|\[.*)$")  # of a step that a pipeline has several times


def describe_phase(step: str, phase: str) -> str:
    """Return what happens in a phase, as `loading TensorFlow`; empty if that is not known.

    Args:
        step: The step's name, also one such as `train-2` or `train[0]`.
        phase: The phase's name, as in the record of a run.
    """
    return _PHASES.get(_COUNTED.sub("", step), {}).get(phase, "")
