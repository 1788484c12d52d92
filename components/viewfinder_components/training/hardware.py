"""What trains, and the number format that suits it."""

import logging
from dataclasses import dataclass

from viewfinder_components.training.tensorflow import keras, tf

_log = logging.getLogger(__name__)
_TENSOR_CORES = (7, 0)  # compute capability of Volta, the first GPU that is faster in float16


@dataclass(frozen=True)
class Hardware:
    """The device TensorFlow uses, and the dtype policy for training through the backbone."""

    device: str
    gpu: bool
    policy: str
    """A Keras dtype policy: float32, mixed_float16 or mixed_bfloat16."""


def find_hardware(precision: str) -> Hardware:
    """Look at what TensorFlow sees and settle the precision.

    Args:
        precision: One of `config.PRECISIONS`; `auto` is mixed_float16 on a GPU with tensor cores.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return Hardware("CPU", False, settled_precision(precision, None))
    details = tf.config.experimental.get_device_details(gpus[0])
    name = details.get("device_name", "GPU")
    return Hardware(name, True, settled_precision(precision, details.get("compute_capability")))


def settled_precision(precision: str, compute_capability: tuple[int, int] | None) -> str:
    """Turn `auto` into a dtype policy.

    Args:
        precision: One of `config.PRECISIONS`.
        compute_capability: The GPU's; None without a GPU.
    """
    if precision != "auto":
        if precision == "mixed_float16" and compute_capability is None:
            _log.warning("train: mixed_float16 without a GPU is slower than float32")
        return precision
    return "mixed_float16" if (compute_capability or (0, 0)) >= _TENSOR_CORES else "float32"


def make_reproducible(seed: int, deterministic: bool = True) -> dict[str, int]:
    """Seed every random source and let TensorFlow use deterministic kernels only.

    Args:
        seed: One for all sources.
        deterministic: False where TensorFlow has no deterministic kernels: it would raise.

    Returns:
        The seeds, for the record.
    """
    keras.utils.set_random_seed(seed)  # Python's, NumPy's and TensorFlow's
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    else:
        _log.warning("train: a GPU trains through a backbone alike each time, but not the same")
    return {"python": seed, "numpy": seed, "tensorflow": seed, "order": seed}
