"""Start, readiness, overload, metrics, log and stop of a predictor."""

import base64
import hashlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce

import grpc
import httpx
import openvino as ov
import pytest
from openvino import opset13 as ops
from tests.fixtures.ports import free_port
from tests.fixtures.servables import draw, mean_colour_model, mean_colours
from tests.fixtures.waiting import PATIENCE, wait_for

from viewfinder_components.errors import PermanentError
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.servable import Servable


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "viewfinder_serving", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def save_model(folder, inputs: int = 1, height: int = 32, width: int = 32) -> None:
    """Write a model of another form in the place of the good one."""
    colours = [mean_colours(height, width) for _ in range(inputs)]
    total = reduce(ops.add, [means for _, means in colours])
    model = ov.Model([ops.softmax(total, 1)], [pixels for pixels, _ in colours])
    ov.save_model(model, folder / "model.xml", False)


def write_manifest(folder, **more: object) -> None:
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    digests = {n: {"sha256": hashlib.sha256((folder / n).read_bytes()).hexdigest()} for n in names}
    (folder / "manifest.json").write_text(json.dumps({"files": digests, "run_id": "run-1"} | more))


def spoil_bin(folder) -> None:
    write_manifest(folder)
    data = bytearray((folder / "model.bin").read_bytes())
    data[0] ^= 255
    (folder / "model.bin").write_bytes(data)


SPOILED = {
    "no directory": (shutil.rmtree, "no such directory"),
    "no model": (lambda folder: (folder / "model.xml").unlink(), "no model.xml"),
    "no labels": (lambda folder: (folder / "labels.json").unlink(), "no labels.json"),
    "a changed file": (spoil_bin, "sha256"),
    "a short file": (lambda folder: (folder / "model.bin").write_bytes(b""), "OpenVINO model"),
    "no XML": (lambda folder: (folder / "model.xml").write_text("<net"), "OpenVINO model"),
    "a label too many": (
        lambda folder: (folder / "labels.json").write_text('["a","b","c","d"]'),
        "4 labels",
    ),
    "the same label twice": (
        lambda folder: (folder / "labels.json").write_text('["a","b","a"]'),
        "different names",
    ),
    "labels that are no JSON": (
        lambda folder: (folder / "labels.json").write_text("blue"),
        "JSON in",
    ),
    "a label that is no Unicode": (
        lambda folder: (folder / "labels.json").write_text('["a","b","\\ud800"]'),
        "different names",
    ),
    "labels in a thousand lists": (
        lambda folder: (folder / "labels.json").write_text("[" * 100_000),
        "JSON in",
    ),
    "a manifest in a thousand lists": (
        lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
        "RecursionError",
    ),
    "a manifest of another schema": (
        lambda folder: write_manifest(folder, schema_version=99),
        "schema version 99; use the release",
    ),
    "a manifest of other labels": (
        lambda folder: write_manifest(folder, labels=["blue", "red", "green"]),
        r"the labels of manifest.json",
    ),
    "a manifest of another size": (
        lambda folder: write_manifest(folder, image_size=224),
        "the image_size of manifest.json, 224, received 32",
    ),
    "a model without layers": (
        lambda folder: (folder / "model.xml").write_text(
            '<net name="n" version="11"><layers/></net>'
        ),
        "model",
    ),
    "a model of two inputs": (lambda folder: save_model(folder, inputs=2), "2 inputs"),
    "a model of oblong pixels": (lambda folder: save_model(folder, height=64), r"\[\?,64,32,3\]"),
    "a model of giant pixels": (
        lambda folder: save_model(folder, height=10**6, width=10**6),
        "at most 4,096",
    ),
    "a manifest of another kind": (
        lambda folder: (folder / "manifest.json").write_text("[]"),
        "manifest.json",
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_broken_version_is_refused_in_a_sentence(servable_dir, tmp_path, case):
    spoil, words = SPOILED[case]
    shutil.copytree(servable_dir, tmp_path / "1")
    spoil(tmp_path / "1")
    with pytest.raises(PermanentError, match=words):
        Servable.load(tmp_path / "1")


def test_outputs_that_are_no_probabilities_are_refused(servable_dir, tmp_path):
    shutil.copytree(servable_dir, tmp_path / "1")
    ov.save_model(mean_colour_model(32), tmp_path / "1" / "model.xml", False)
    with pytest.raises(PermanentError, match="sum to 1"):
        Servable.load(tmp_path / "1")


def test_a_manifest_gives_the_run(servable_dir, tmp_path):
    shutil.copytree(servable_dir, tmp_path / "model")
    assert Servable.load(tmp_path / "model").version == "0"
    write_manifest(tmp_path / "model")
    servable = Servable.load(tmp_path / "model")
    assert (servable.version, servable.run_id) == ("run-1", "run-1")


def test_a_version_without_a_manifest_is_served_with_a_warning(predictor, servable_dir):
    assert not (servable_dir / "manifest.json").exists()
    log = predictor.log.read_text()
    assert f"WARNING viewfinder_serving.servable: {servable_dir} has no manifest.json" in log


def test_a_predictor_that_cannot_start_says_why_and_nothing_else(tmp_path):
    done = run("--model-dir", str(tmp_path / "1"), "--model-name", "colour", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("viewfinder_serving: expected a published version")
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_in_a_sentence(servable_dir, predictor):
    done = run("--model-dir", str(servable_dir), "--port", str(predictor.port))
    assert done.returncode == 1
    assert (
        f"expected port {predictor.port} to be free, received a port in use at 127.0.0.1; choose "
        "another port with --port, or stop the program that uses this one\n"
    ) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_refused_in_a_sentence(servable_dir):
    done = run("--model-dir", str(servable_dir), "--port", "0", "--host", "192.0.2.1")
    assert done.returncode == 1
    assert "choose another address with --host, such as 127.0.0.1" in done.stderr


def test_a_grpc_port_in_use_is_refused_in_a_sentence(servable_dir, start):
    """gRPC would share it, and each server get some of the calls."""
    port = free_port()
    with start("--grpc-port", str(port)):
        done = run("--model-dir", str(servable_dir), "--port", "0", "--grpc-port", str(port))
    assert done.returncode == 1
    assert f"expected port {port} to be free, received a port in use" in done.stderr
    assert "choose another port with --grpc-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_grpc_port_that_another_program_shares_is_refused(servable_dir):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("--model-dir", str(servable_dir), "--port", "0", "--grpc-port", port)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "in use" in done.stderr


@pytest.mark.parametrize("name", ["missing/ready.json", "file/ready.json", ""])
def test_a_ready_file_that_cannot_be_written_ends_the_server(servable_dir, tmp_path, name):
    (tmp_path / "file").touch()
    ready = str(tmp_path / name)
    done = run("--model-dir", str(servable_dir), "--port", "0", "--ready-file", ready)
    assert done.returncode == 1
    assert f"expected a writable path for the ready file {ready.rstrip('/')}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "values",
    [
        {"port": 70_000},
        {"grpc_port": 0},
        {"port": 9000, "grpc_port": 9000},
        {"max_decoding_mb": 33},
        {"max_decoding_mb": float("nan")},
        {"max_request_mb": 0},
        {"max_megapixels": float("nan")},
        {"max_photos": 0},
        {"max_requests": 0},
        {"body_seconds": 0},
        {"drain_seconds": -1},
        {"threads": 0},
        {"model_name": "two words"},
        {"model_name": ""},
        {"model_name": "a:b"},
    ],
)
def test_options_have_ranges(servable_dir, values):
    with pytest.raises(PermanentError, match="expected"):
        ServeConfig(servable_dir, **values)


def test_the_name_is_the_published_one(servable_dir, tmp_path):
    assert ServeConfig(servable_dir).name == "colour"
    assert ServeConfig(tmp_path / "fruit").name == "fruit"


def test_kserves_spelling_of_the_options(servable_dir, tmp_path):
    """As a ServingRuntime passes them, with everything on one name."""
    ready = tmp_path / "ready"
    options = [f"--model_dir={servable_dir}", "--model_name=other", "--http_port=0"]
    options += ["--model_version", "12"]
    command = [sys.executable, "-m", "viewfinder_serving", *options, f"--ready_file={ready}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(ready.exists, "the predictor to be ready")
        url = json.loads(ready.read_text())["url"]
        assert httpx.get(f"{url}/v1/models").json() == {"models": ["other"]}
        assert httpx.get(f"{url}/v2/models/other").json()["versions"] == ["12"]
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_ready_means_that_predictions_work(predictor, photo):
    for path in ("/v2/health/ready", "/v2/models/colour/ready", "/v1/models/colour"):
        assert predictor.client.get(path).json()["ready"] is True
    assert predictor.client.get("/v2/health/live").json() == {"live": True}
    assert predictor.client.get("/").json() == {"status": "alive"}
    assert predictor.predict(photo("red")).status_code == 200


def outcome(wait: Future) -> int | str:
    try:
        return wait.result().status_code
    except httpx.ConnectError:  # it came after the stop
        return "not connected"


def test_stop_finishes_what_was_begun(start, heavy_photo):
    """SIGTERM in the middle of many requests: each is answered, then the process ends well."""
    grace = str(PATIENCE)
    with start("--grace-seconds", grace) as predictor, ThreadPoolExecutor(16) as pool:
        waits = [pool.submit(predictor.predict, heavy_photo) for _ in range(16)]
        wait_for(
            lambda: predictor.metric("viewfinder_requests_in_flight") >= 8,
            "eight requests to be in flight",
            pause=0,
        )
        assert predictor.stop() == 0
        codes = [outcome(wait) for wait in waits]
        assert codes.count(200) >= 8, codes
        assert set(codes) <= {200, "not connected"}, codes
        with pytest.raises(httpx.ConnectError):
            predictor.client.get("/")


def test_not_ready_while_it_drains_but_still_answering(start, photo):
    with start("--drain-seconds", str(2 * PATIENCE)) as predictor:
        predictor.process.send_signal(signal.SIGTERM)
        wait_for(
            lambda: predictor.client.get("/v2/health/ready").status_code != 200,
            "the predictor to say that it drains",
            pause=0.02,
        )
        assert predictor.client.get("/v2/health/ready").json() == {"ready": False}
        assert predictor.client.get("/v2/models/colour/ready").status_code == 503
        assert predictor.client.get("/v1/models/colour").status_code == 503
        assert predictor.client.get("/v2/health/live").status_code == 200
        assert predictor.metric("viewfinder_ready") == 0
        assert predictor.predict(photo("red")).status_code == 200
        assert predictor.stop() == 0, "a second signal ends it before the time is up"


def test_it_ends_after_the_drain_time(start):
    with start("--drain-seconds", "0.2") as predictor:
        assert predictor.stop() == 0


def test_a_second_signal_does_not_wait(start):
    with start("--drain-seconds", str(2 * PATIENCE)) as predictor:
        predictor.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        predictor.process.send_signal(signal.SIGTERM)
        assert predictor.process.wait(PATIENCE) == 0


def test_it_ends_with_its_starter_if_asked_to(start):
    with start("--stop-at-eof") as predictor:
        predictor.process.stdin.close()
        assert predictor.process.wait(PATIENCE) == 0


def test_health_is_answered_during_heavy_requests(start, heavy_photo):
    with start() as predictor, ThreadPoolExecutor(16) as pool:
        waits = [pool.submit(predictor.predict, heavy_photo) for _ in range(16)]
        began, slowest = time.monotonic(), 0.0
        while not all(wait.done() for wait in waits):
            started = time.monotonic()
            assert predictor.client.get("/v2/health/ready").status_code == 200
            slowest = max(slowest, time.monotonic() - started)
        took = time.monotonic() - began
        assert [wait.result().status_code for wait in waits] == [200] * 16
        assert slowest < took / 2  # a blocked event loop answers at the end of all


def test_a_request_of_many_photos_lets_others_in_between(start, photo):
    slow = draw("red", (2000, 1500))  # not so large that it would have threads of its own
    with start("--threads", "1") as predictor, ThreadPoolExecutor(1) as pool:
        many = pool.submit(predictor.predict, *[slow] * 32)
        wait_for(lambda: predictor.metric("viewfinder_decode_seconds_count"), "it to begin")
        assert predictor.predict(photo("red")).status_code == 200
        assert not many.done()
        assert len(many.result(PATIENCE).json()["predictions"]) == 32


@pytest.mark.parametrize("next_request", ["", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_a_request_whose_client_has_gone_is_not_finished(start, photo, heavy_photo, next_request):
    with start() as predictor:
        photos = [{"b64": base64.b64encode(heavy_photo).decode()}] * 64
        body = json.dumps({"instances": photos}).encode()
        head = f"POST {predictor.predict_path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}"
        with socket.create_connection(("127.0.0.1", predictor.port)) as connection:
            connection.sendall(f"{head}\r\n\r\n".encode() + body + next_request.encode())
            wait_for(lambda: predictor.metric("viewfinder_decode_seconds_count"), "it to begin")
        wait_for(lambda: predictor.metric('viewfinder_requests_total{outcome="gone"'), "its end")
        assert predictor.metric("viewfinder_requests_in_flight") == 0
        assert predictor.predict(photo("red")).status_code == 200
        assert predictor.metric("viewfinder_decode_seconds_count") < 64


def test_too_many_requests_are_told_to_come_back(start, photo, heavy_photo):
    with start("--max-requests", "2") as predictor, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: predictor.predict(heavy_photo), range(8)))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 503}
        busy = answers[codes.index(503)]
        assert busy.headers["retry-after"] == "1"
        assert "fewer requests" in busy.json()["error"]
        assert predictor.metric('viewfinder_requests_total{outcome="busy"') == codes.count(503)
        assert predictor.metric("viewfinder_requests_in_flight") == 0
        assert predictor.predict(photo("red")).status_code == 200


def test_bodies_wait_for_room_and_all_are_answered(start, large_photo):
    options = ["--max-request-mb", "2", "--max-buffered-mb", "2"]
    with start(*options) as predictor, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: predictor.predict(large_photo), range(16)))
        assert [answer.status_code for answer in answers] == [200] * 16


def test_a_request_over_its_time_is_ended(start, heavy_photo):
    with start("--request-seconds", "0.05") as predictor:
        answer = predictor.predict(*[heavy_photo] * 8)
        assert answer.status_code == 503
        assert "server's time" in answer.json()["error"]


def test_the_log_has_a_line_a_request_and_nothing_a_client_wrote(start, photo):
    with start() as predictor:
        predictor.predict(photo("red"), photo("blue"))
        predictor.client.get("/v2/health/ready")
        with socket.create_connection(("127.0.0.1", predictor.port)) as connection:
            connection.sendall(b"GET /%0aFORGED\x1b[31m HTTP/1.1\r\nhost: x\r\n\r\n")
            connection.recv(1000)
        predictor.client.get("/nowhere%0a2026-01-01 FORGED")
        predictor.stop()
        lines = predictor.log.read_text().splitlines()
    access = [line for line in lines if "viewfinder_serving.access" in line]
    assert " 127.0.0.1 with 'python-httpx/" in access[0]
    assert ": POST /v1/models/colour:predict 200" in access[0]
    assert access[0].endswith("2 photos")
    assert not any("health" in line for line in access)
    assert not any(line.startswith(("FORGED", "2026-01-01 FORGED")) for line in lines)
    assert "\x1b" not in "".join(lines)


def test_the_log_tells_the_caller_that_a_mesh_names(start, photo):
    headers = {
        "x-forwarded-for": "10.1.2.3",
        "x-forwarded-client-cert": "By=spiffe://mesh/ns/a/sa/b;URI=spiffe://mesh/ns/c/sa/d",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    }
    port = free_port()
    with start("--grpc-port", str(port)) as predictor:
        predictor.client.get("/nowhere", headers=headers)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(b"nonsense")
        predictor.stop()
        log = predictor.log.read_text()
    assert " 127.0.0.1 for '10.1.2.3' as 'mesh/ns/c/sa/d' with 'python" in log
    assert " trace '0af7651916cd43dd8448eb211c80319c': GET /nowhere" in log
    assert "ipv4:127.0.0.1:" in log
    assert ": ModelInfer 400" in log


def test_the_log_of_requests_can_be_off(start, photo):
    with start("--no-access-log") as predictor:
        predictor.predict(photo("red"))
        predictor.stop()
        assert "POST" not in predictor.log.read_text()


def test_it_is_small(start, photo):
    """A generous bound; the benchmark has the numbers."""
    with start() as predictor:
        for _ in range(50):
            predictor.predict(photo("red"))
        with open(f"/proc/{predictor.process.pid}/status") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        assert peak < 350_000


def test_it_says_what_its_threads_are_doing(start):
    """For a predictor that stands still: `kill -USR1` needs no thread that is free."""
    with start() as predictor:
        predictor.process.send_signal(signal.SIGUSR1)
        wait_for(
            lambda: "most recent call first" in predictor.log.read_text(),
            "the stacks of its threads in the log",
        )
        assert predictor.client.get("/v2/health/live").json() == {"live": True}
