"""How many photos the model may compute at the same time in the memory that there is.

OpenVINO chooses their number (its streams) by the cores. A pod with little memory and without a CPU
limit, on a node with many cores, would be ended by the kernel.
"""

from viewfinder_components.control_groups import memory_limit
from viewfinder_serving.config import ServeConfig

# The rest of the process. With it and the default settings, the demo's model fits into the 512 MiB
# of the ServingRuntime on one core (docs/serving.md).
_PROCESS_BYTES = 148_000_000
# What gRPC adds at most to its own room for messages (docs/security.md, Measurements: 115 MB more).
_GRPC_BYTES = 83_000_000
# Measured with EfficientNet-Lite0 at 224 pixels: 13.5 MB in f32, 8 in int8.
_STREAM_BYTES = 14_000_000
_MEASURED_SIDE = 224
# OpenVINO arranges the weights for the processor, in each compilation again.
_COPIES = 2


def find_spare_bytes(config: ServeConfig, limit: int | None = None) -> int | None:
    """Return how much memory is left for the model; None without a limit.

    Args:
        config: The predictor's settings, some of which reserve memory.
        limit: How much the process may have; None for what its container allows.
    """
    limit = memory_limit() if limit is None else limit
    if limit is None:
        return None
    requests = config.max_buffered_bytes + config.max_request_bytes
    grpc = 0 if config.grpc_port is None else _GRPC_BYTES + config.max_buffered_bytes
    return limit - _PROCESS_BYTES - config.max_decoding_bytes - requests - grpc


def count_streams(spare: int, weights: int, side: int) -> int:
    """Return for how many photos at a time there is memory, at least one.

    Args:
        spare: As `find_spare_bytes` returns it.
        weights: Bytes of the model's weights.
        side: Side of the photos that it takes, in pixels.
    """
    stream = _STREAM_BYTES * side**2 // _MEASURED_SIDE**2
    alone = _COPIES * weights + stream
    return max(1, (spare - alone - _COPIES * weights) // stream)
