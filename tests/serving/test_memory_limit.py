"""Under the memory limit of a pod, no picture ends the predictor, and good requests go on."""

import base64
import json
import re
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import httpx
import pytest
from tests.costly_pictures import costly_pictures, photo_of
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.serving.conftest import run_predictor
from tests.serving.good_requests import GoodRequests
from tests.serving.memory_group import MODEL_BYTES, limit_of_the_runtime, memory_group

from viewfinder_serving.kserve_sdk import messages

AT_ONCE = 16
EXPLAIN = "/v1/models/colour:explain"
OPTIONS = ["--threads", "2", "--request-seconds", "5", "--no-access-log"]
# The last test judges what the others did: none of them runs without the others.
pytestmark = pytest.mark.slow


def body_of(photo: bytes) -> bytes:
    return json.dumps({"instances": [{"b64": base64.b64encode(photo).decode()}]}).encode()


@pytest.fixture(scope="module")
def target(servable_dir, tmp_path_factory):
    scratch, port = tmp_path_factory.mktemp("limited"), free_port()
    with (
        memory_group(limit_of_the_runtime() - MODEL_BYTES) as group,
        run_predictor(
            servable_dir, scratch, *OPTIONS, "--grpc-port", str(port), enter=group.enter
        ) as predictor,
    ):
        body = body_of(photo_of(64, 48, "JPEG"))
        good = GoodRequests(predictor.url, predictor.predict_path, body)
        good.start()
        predictor.good, predictor.group = good, group
        predictor.grpc_address = f"127.0.0.1:{port}"
        yield predictor
        good.stop()


def send(target, photos: list[bytes], path: str | None = None) -> list[httpx.Response]:
    """Send all photos at once, each on its own connection; without a `path`, to `:predict`."""
    gate = threading.Barrier(len(photos))

    def post(photo: bytes) -> httpx.Response:
        body = body_of(photo)
        gate.wait(PATIENCE)
        headers = {"content-type": "application/json"}
        return httpx.post(
            target.url + (path or target.predict_path), content=body, headers=headers,
            timeout=PATIENCE, trust_env=False,
        )  # fmt: skip

    with ThreadPoolExecutor(len(photos)) as pool:
        return list(pool.map(post, photos))


def ask_until_there_is_time(target, photo: bytes) -> httpx.Response:
    """Ask again after each 503, as clients do: how many there are depends on the machine."""
    answers = []

    def is_answered() -> bool:
        answers.append(send(target, [photo])[0])
        return answers[-1].status_code != 503

    wait_for(is_answered, "an answer other than 503")
    return answers[-1]


def judge(target, answers: list[httpx.Response]) -> None:
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 400, 413, 503}, statuses
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert target.group.kills() == 0
    assert target.process.poll() is None
    assert target.good.wrong == []
    before = target.good.answered()
    wait_for(lambda: target.good.answered() > before, "a good request that is answered")


@pytest.mark.timeout(900)
def test_costly_pictures(target):
    pictures = costly_pictures()
    for name, picture in pictures.items():
        before = len(target.good.seconds)
        answers = send(target, [picture] * AT_ONCE)
        statuses = sorted({answer.status_code for answer in answers})
        longest = max(target.good.seconds[before:], default=0)
        print(f"{name}: {statuses}, longest good request {longest:.2f} s")
        judge(target, answers)
    # All kinds side by side.
    for path in (None, EXPLAIN):
        judge(target, send(target, list(pictures.values()), path))


@pytest.mark.parametrize(
    ("width", "height", "form", "options"),
    [
        (12_000, 9_000, "JPEG", {}),
        (8_160, 6_120, "JPEG", {"progressive": True}),
        (8_064, 6_048, "HEIF", {"tile_size": 512}),
        (4_000, 3_000, "PNG", {}),
    ],
)
def test_photos_of_phones_are_answered(target, width, height, form, options):
    photo = photo_of(width, height, form, **options)
    for _ in range(3):
        answer = ask_until_there_is_time(target, photo)
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"][0]["label"] == "green"
    judge(target, [answer])


@pytest.mark.parametrize("calls_a_connection", [1, 32])
def test_grpc_messages_of_the_largest_size(target, photo, calls_a_connection):
    """Nobody knows a message's size before gRPC has all of it in memory."""
    picture = photo("green")
    packed = picture + bytes(15_900_000 - len(picture))
    request = messages.ModelInferRequest(model_name="colour")
    request.raw_input_contents.append(struct.pack("<I", len(packed)) + packed)
    request.inputs.add(name="image_bytes", datatype="BYTES", shape=[1])
    content = request.SerializeToString()
    options = [("grpc.use_local_subchannel_pool", 1)]
    with ExitStack() as stack:
        channels = [
            stack.enter_context(grpc.insecure_channel(target.grpc_address, options))
            for _ in range(32 // calls_a_connection)
        ]
        ask = [c.unary_unary("/inference.GRPCInferenceService/ModelInfer") for c in channels]
        futures = [
            ask[i // calls_a_connection].future(content, timeout=PATIENCE) for i in range(32)
        ]
        codes = {future.code() for future in futures}
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    assert grpc.StatusCode.OK in codes
    judge(target, [])


def test_good_requests_went_on(target):
    """The last test of this file: it judges what all of the others did to the one server."""
    judge(target, [])
    status = Path(f"/proc/{target.process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024 / 1e6
    seconds = sorted(target.good.seconds)
    assert seconds
    print(
        f"limit {(limit_of_the_runtime() - MODEL_BYTES) / 1e6:.0f} MB, peak {peak:.0f} MB; "
        f"{len(seconds)} good requests, {len(target.good.late)} too late; "
        f"half of them within {seconds[len(seconds) // 2]:.3f} s, the longest {seconds[-1]:.2f} s"
    )
