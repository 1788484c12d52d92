"""Turn a Keras model into an OpenVINO model quickly.

`ov.convert_model(keras_model)` takes 4.8 s for EfficientNet-Lite0, mostly for reading one variable
after another. A graph whose weights are already constants takes 1.8 s (2 cores).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from viewfinder_components.openvino import ov
from viewfinder_components.tensorflow import keras, tf


def to_openvino(network: Any, output_name: str) -> ov.Model:
    """Convert a Keras model with one input and one output, in inference mode.

    Args:
        network: The Keras model; its input keeps its name, the batch size stays open.
        output_name: The name of the output.
    """
    source = network.inputs[0]
    values = [(variable, variable.numpy()) for variable in network.variables]

    def infer(inputs: Any) -> Any:
        with keras.StatelessScope([(variable, tf.constant(array)) for variable, array in values]):
            return network(inputs, training=False)

    signature = tf.TensorSpec(source.shape, source.dtype, name=source.name)
    graph = tf.function(infer, autograph=False).get_concrete_function(signature)
    with _tensorflow_version_known():
        return _named(ov.convert_model(graph), source.name, output_name)


@contextmanager
def _tensorflow_version_known() -> Iterator[None]:
    """Give OpenVINO TensorFlow's version.

    OpenVINO 2026.4 finds it with `exec("import tensorflow")` and `exec("del tensorflow")`, which
    on Python 3.13 ends with a NameError: there, `exec` in a function no longer keeps names.
    """
    from openvino.frontend.tensorflow import utils

    original = utils.get_environment_setup
    utils.get_environment_setup = lambda _: {"tensorflow": tf.__version__}
    try:
        yield
    finally:
        utils.get_environment_setup = original


def joined(first: ov.Model, second: ov.Model) -> ov.Model:
    """Connect the output of `first` to the input of `second`; both are used up."""
    entry = second.inputs[0]
    features = first.outputs[0].get_node().input_value(0)
    for target in entry.get_target_inputs():
        target.replace_source_output(features)
    whole = ov.Model(second.get_results(), first.get_parameters(), "classifier")
    return _named(whole, first.inputs[0].any_name, second.outputs[0].any_name)


def save_openvino(model: ov.Model, directory: Path) -> None:
    """Write `model.xml` and `model.bin` with weights unchanged, not halved to float16."""
    ov.save_model(model, directory / "model.xml", compress_to_fp16=False)


def _named(model: ov.Model, input_name: str, output_name: str) -> ov.Model:
    model.inputs[0].get_tensor().set_names({input_name})
    model.outputs[0].get_tensor().set_names({output_name})
    return model
