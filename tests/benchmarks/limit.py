"""The demo's model under a pod's memory limit: the worst that clients can send."""

import struct
import tempfile
from pathlib import Path

import grpc
from tests.benchmarks.processes import read_peak_mb
from tests.costly_pictures import costly_pictures, photo_of
from tests.fixtures.ports import free_port
from tests.serving.conftest import Predictor, run_predictor
from tests.serving.good_requests import GoodRequests
from tests.serving.memory_group import MemoryGroup, limit_of_the_runtime, memory_group
from tests.serving.test_memory_limit import EXPLAIN, body_of, send

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_pipelines.local.serving import find_version
from viewfinder_serving.kserve_sdk import messages

AT_ONCE = 16
LARGEST_PHOTO = 11_900_000  # bytes: in base64 just below the largest request


def run() -> None:
    """Print the peak of memory and the longest good request beside each kind of load."""
    version = find_version(MODEL_NAME)  # says what to do when `make demo` has not run
    limit = limit_of_the_runtime()
    print(f"limit {limit / 1e6:.0f} MB, as in the ServingRuntime")
    port = free_port()
    with (
        memory_group(limit) as group,
        tempfile.TemporaryDirectory() as scratch,
        run_predictor(
            version, Path(scratch), "--grpc-port", str(port), "--no-access-log", enter=group.enter
        ) as predictor,
    ):
        largest = filled(photo_of(8064, 6048, "HEIF"))
        measure("16 HEICs of 48 megapixels", predictor, group, [[largest] * AT_ONCE] * 2)
        measure("the same, explained", predictor, group, [[largest] * AT_ONCE] * 2, EXPLAIN)
        progressive = filled(photo_of(8160, 6120, "JPEG", progressive=True))
        measure("16 progressive JPEGs of 50", predictor, group, [[progressive] * AT_ONCE])
        every = [[picture] * AT_ONCE for picture in costly_pictures().values()]
        measure("pictures made to fill memory", predictor, group, every)
        predictor.grpc_address = f"127.0.0.1:{port}"
        measure("32 gRPC messages of 15.9 MB", predictor, group, [])


def filled(photo: bytes) -> bytes:
    """Return a photo with as many bytes behind it as fit into a request."""
    return photo + bytes(LARGEST_PHOTO - len(photo))


def measure(
    name: str,
    predictor: Predictor,
    group: MemoryGroup,
    rounds: list[list[bytes]],
    path: str | None = None,
) -> None:
    """Send the rounds one after the other to a path, with good requests beside them."""
    good = GoodRequests(predictor.url, predictor.predict_path, body_of(photo_of(640, 480, "JPEG")))
    good.start()
    if rounds:
        codes = {
            answer.status_code for photos in rounds for answer in send(predictor, photos, path)
        }
    else:
        codes = flood(predictor.grpc_address)
    good.stop()
    print(
        f"{name}: {sorted(map(str, codes))}, peak {read_peak_mb(predictor.process.pid):.0f} MB, "
        f"{group.kills()} killed; of {len(good.seconds)} good requests {len(good.wrong)} refused, "
        f"the longest {max(good.seconds):.2f} s"
    )


def flood(address: str) -> set[str]:
    """Send 32 messages at once, each on a connection of its own; return the codes."""
    packed = photo_of(640, 480, "JPEG")
    packed += bytes(15_900_000 - len(packed))
    request = messages.ModelInferRequest(model_name="colour")
    request.raw_input_contents.append(struct.pack("<I", len(packed)) + packed)
    request.inputs.add(name="image_bytes", datatype="BYTES", shape=[1])
    content = request.SerializeToString()
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.insecure_channel(address, options) for _ in range(32)]
    calls = [
        channel.unary_unary("/inference.GRPCInferenceService/ModelInfer").future(
            content, timeout=60
        )
        for channel in channels
    ]
    codes = {call.code().name for call in calls}
    for channel in channels:
        channel.close()
    return codes
