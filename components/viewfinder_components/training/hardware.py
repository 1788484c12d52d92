"""The training device, and the number format that suits it."""

import logging
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError
from viewfinder_components.tensorflow import keras, tf

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
    """Determine the device that TensorFlow uses, and the precision.

    Args:
        precision: One of `config.Precision`; `auto` is mixed_float16 on a GPU with tensor cores.

    Raises:
        PermanentError: TensorFlow cannot compute in that precision on this processor.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        policy = settled_precision(precision, None)
        _require_kernels(policy)
        return Hardware("CPU", False, policy)
    details = tf.config.experimental.get_device_details(gpus[0])
    name = details.get("device_name", "GPU")
    return Hardware(name, True, settled_precision(precision, details.get("compute_capability")))


def settled_precision(precision: str, compute_capability: tuple[int, int] | None) -> str:
    """Turn `auto` into a dtype policy.

    Args:
        precision: One of `config.Precision`.
        compute_capability: The GPU's; None if there is no GPU.
    """
    if precision != "auto":
        if precision == "mixed_float16" and compute_capability is None:
            _log.warning("train: mixed_float16 without a GPU is slower than float32")
        return precision
    return "mixed_float16" if (compute_capability or (0, 0)) >= _TENSOR_CORES else "float32"


def _require_kernels(policy: str) -> None:
    """Refuse a precision in which this processor cannot convolve.

    TensorFlow decides by the processor whether oneDNN computes in bfloat16; oneDNN may have been
    told to use fewer instructions (`ONEDNN_MAX_CPU_ISA`). A convolution then fails, and a matrix
    multiplication ends the process, so a convolution is tried.
    """
    dtype = keras.dtype_policies.get(policy).compute_dtype
    try:
        tf.nn.conv2d(tf.ones((1, 8, 8, 3), dtype), tf.ones((3, 3, 3, 8), dtype), 1, "SAME")
    except tf.errors.OpError as error:
        raise PermanentError(
            f"a processor on which TensorFlow computes in {dtype}, for precision {policy}",
            "one whose kernels reject a convolution in it",
            "set precision to float32, or unset ONEDNN_MAX_CPU_ISA if it is set",
        ) from error


def make_reproducible(seed: int, deterministic: bool = True) -> dict[str, int]:
    """Seed every random source and make TensorFlow use only deterministic kernels.

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
        _log.warning("train: a GPU trains through a backbone to similar, not identical weights")
    return {"python": seed, "numpy": seed, "tensorflow": seed, "order": seed}
