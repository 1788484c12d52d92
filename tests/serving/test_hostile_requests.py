"""Every request of `hostile/` gets the answer it deserves, and good requests go on beside it."""

import base64
import json
import re
import socket
import ssl
import struct
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest
import yaml
from tests.fixtures.ports import free_port
from tests.fixtures.servables import draw
from tests.fixtures.waiting import PATIENCE
from tests.serving.conftest import run_predictor
from tests.serving.good_requests import GoodRequests
from tests.serving.memory_group import MODEL_BYTES, limit_of_the_runtime, memory_group
from tests.testbed.certificates import Authority

FOLDER = Path(__file__).parent / "hostile"
V1, V2 = "/v1/models/colour:predict", "/v2/models/colour/infer"
EXPLAIN = "/v1/models/colour:explain"
# What a client must never see: where an object lies, where a file lies, what the code looks like.
LEAKS = re.compile(r"0x[0-9a-f]{6,}|Traceback|File \"|/site-packages|\.py\b|<_io", re.IGNORECASE)
SILENCE = 0.05
PEAK_MB = 400  # 220 in 2026; a bomb that goes off takes 500 more


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes shorter than 16 kB."""
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return bytes([number << 3 | 2]) + size + content


PHOTO = draw("red", form="JPEG")
B64 = base64.b64encode(PHOTO)
BODY = b'{"instances": [{"b64": "%b"}]}' % B64
HEAD = {"host": "x", "content-type": "application/json", "content-length": str(len(BODY))}
TENSOR = field(1, b"image_bytes") + field(2, b"BYTES") + field(3, b"\x01")
ACCEPTED = "0123456789abcdef-._~+/=="
VALUES = {
    "token": ACCEPTED.encode(),
    "v1": V1.encode(),
    "b64": B64,
    "body": BODY,
    "length": str(len(BODY)).encode(),
    "good": b"POST %b HTTP/1.1\r\n%b\r\n\r\n%b"
    % (V1.encode(), "\r\n".join(f"{k}: {v}" for k, v in HEAD.items()).encode(), BODY),
    "model": field(1, b"colour"),
    "input": field(5, TENSOR),
    "contents": field(5, TENSOR + field(5, field(8, PHOTO))),
}


def expand(text: str) -> bytes:
    """The bytes that a case's text stands for."""
    data = text.encode("latin-1")
    data = re.sub(rb"<<(\w+)>>", lambda found: VALUES[found[1].decode()], data)
    return re.sub(rb"(?s)<<(.+?)\*(\d+)>>", lambda found: found[1] * int(found[2]), data)


def read_cases(*names: str) -> list:
    cases = [case for name in names for case in yaml.safe_load((FOLDER / name).read_text())]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.fixture(scope="module")
def grpc_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def target(servable_dir, grpc_port, tmp_path_factory):
    """A predictor with small limits, and good requests beside the hostile ones.

    Where control groups can be made, it has no more memory than in a pod.
    """
    options = ["--max-request-mb", "1", "--max-megapixels", "2", "--max-photos", "4"]
    options += ["--body-seconds", "3", "--grpc-port", str(grpc_port), "--no-access-log"]
    scratch, enter, group = tmp_path_factory.mktemp("target"), list, None
    with ExitStack() as stack:
        with suppress(pytest.skip.Exception):
            group = stack.enter_context(memory_group(limit_of_the_runtime() - MODEL_BYTES))
            enter = group.enter
        predictor = stack.enter_context(run_predictor(servable_dir, scratch, *options, enter=enter))
        predictor.group = group
        good = GoodRequests(predictor.url, V1, BODY)
        good.start()
        predictor.good = good
        yield predictor
        good.stop()


@pytest.fixture(scope="module")
def guarded(servable_dir, tmp_path_factory):
    """A predictor that asks for a token."""
    scratch = tmp_path_factory.mktemp("guarded")
    (scratch / "tokens").write_text(ACCEPTED)
    options = ["--max-request-mb", "1", "--token-file", str(scratch / "tokens")]
    with run_predictor(servable_dir, scratch, *options) as predictor:
        yield predictor
        assert ACCEPTED not in predictor.log.read_text()


@pytest.fixture(scope="module")
def secured(servable_dir, tmp_path_factory):
    """A predictor with TLS."""
    scratch = tmp_path_factory.mktemp("secured")
    authority = Authority("hostile")
    authority.sign("predictor", hosts=("127.0.0.1",)).write(scratch, "tls")
    options = ["--tls-certificate", str(scratch / "tls.crt"), "--tls-key", str(scratch / "tls.key")]
    options += ["--max-request-mb", "1", "--max-photos", "4", "--body-seconds", "3"]
    with run_predictor(servable_dir, scratch, *options) as predictor:
        predictor.trust = ssl.create_default_context(cadata=authority.certificate.decode())
        yield predictor
        assert "Traceback" not in predictor.log.read_text()


@pytest.fixture(scope="module")
def channel(target, grpc_port):
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        yield channel


def connect(target) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE)
    if not hasattr(target, "trust"):
        return connection
    return target.trust.wrap_socket(connection, server_hostname="127.0.0.1")


def converse(target, parts: list[bytes], answers: int) -> list[tuple[int, bytes]]:
    """Send parts over a connection of their own; return the answers, until it ends or is silent."""
    received = b""
    with connect(target) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(SILENCE if len(parts) > 1 else 0)
            while data := connection.recv(65536):
                received += data
                if len(read_answers(received)) >= answers:
                    connection.settimeout(SILENCE)
        except (ConnectionError, TimeoutError, ssl.SSLEOFError):
            pass
    return read_answers(received)


def read_answers(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            break
        status, body, data = int(head.split(b" ", 2)[1]), rest[:size], rest[size:]
        if status >= 200:
            found.append((status, body))
    return found


def wanted(status: object) -> list[str]:
    """The statuses in a case's entry, in order."""
    if isinstance(status, list):
        return [str(one) for one in status]
    found = []
    for word in str(status).split():
        one, _, times = word.partition("*")
        found += [one] * int(times or 1)
    return found


def hold(target, parts: list[bytes], status: object) -> None:
    """Send a request and hold the answers to what is wanted."""
    expected = wanted(status)
    answers = converse(target, parts, len(expected))
    found = [str(code) for code, _ in answers]
    assert len(found) == len(expected), (found, answers[-1:])
    for one, want in zip(found, expected, strict=True):
        assert one == want or (want == "4xx" and one[0] == "4"), answers[-1]
    for code, body in answers:
        assert not LEAKS.search(body.decode("utf-8", "replace")), body
        if code >= 400:
            assert set(json.loads(body)) == {"error"}
            assert len(body) < 1000
    assert target.process.poll() is None


def post(path: str, body: bytes, lines: list[bytes] | None = None) -> bytes:
    """A request with the usual headers, but those that `lines` have as well."""
    lines = lines or []
    given = {line.partition(b":")[0].strip().lower().decode("latin-1") for line in lines}
    usual = HEAD | {"content-length": str(len(body)), "connection": "close"}
    kept = [f"{name}: {value}".encode() for name, value in usual.items() if name not in given]
    return b"\r\n".join([f"POST {path} HTTP/1.1".encode(), *kept, *lines, b"", b""]) + body


@pytest.mark.parametrize("case", read_cases("http.yaml"))
def test_http(target, case):
    parts = case["send"] if isinstance(case["send"], list) else [case["send"]]
    hold(target, [expand(part) for part in parts], case["status"])


@pytest.mark.parametrize("case", read_cases("http.yaml"))
def test_http_over_tls(secured, case):
    parts = case["send"] if isinstance(case["send"], list) else [case["send"]]
    hold(secured, [expand(part) for part in parts], case["status"])


@pytest.mark.parametrize("path", [V1, EXPLAIN])
@pytest.mark.parametrize("case", read_cases("headers.yaml"))
def test_header(target, case, path):
    hold(target, [post(path, BODY, expand(case["header"]).split(b"\r\n"))], case["status"])


@pytest.mark.parametrize("path", [V1, EXPLAIN])
@pytest.mark.parametrize("case", read_cases("tokens.yaml"))
def test_token(guarded, case, path):
    hold(guarded, [post(path, BODY, expand(case["header"]).split(b"\r\n"))], case["status"])


@pytest.mark.parametrize("case", read_cases("json.yaml"))
def test_json(target, case):
    if "binary" in case:
        tail = expand(case["binary"])
        tensor = {"name": "image_bytes", "datatype": "BYTES", "shape": [1]}
        tensor["parameters"] = {"binary_data_size": len(tail)}
        head = json.dumps({"inputs": [tensor]}).encode()
        length = expand(case["length"]) if "length" in case else str(len(head)).encode()
        lines = [b"content-type: application/octet-stream"]
        lines += [b"inference-header-content-length: " + length]
        hold(target, [post(V2, head + tail, lines)], case["status"])
    else:
        paths, body = ([V1, EXPLAIN], case["v1"]) if "v1" in case else ([V2], case["v2"])
        for path in paths:
            hold(target, [post(path, expand(body))], case["status"])


@pytest.mark.parametrize("path", [V1, EXPLAIN])
@pytest.mark.parametrize("case", read_cases("photos.yaml"))
def test_photo(target, case, path):
    text = expand(case["b64"]) if "b64" in case else base64.b64encode(expand(case["photo"]))
    hold(target, [post(path, b'{"instances": [{"b64": "%b"}]}' % text)], case["status"])


@pytest.mark.parametrize("case", read_cases("grpc.yaml"))
def test_grpc_message(channel, target, case):
    call = channel.unary_unary(
        f"/inference.GRPCInferenceService/{case.get('method', 'ModelInfer')}"
    )
    codes = case["code"] if isinstance(case["code"], list) else [case["code"]]
    try:
        call(expand(case["message"]), timeout=PATIENCE)
        found, details = "OK", ""
    except grpc.RpcError as error:
        found, details = error.code().name, error.details()
    assert found in codes, details
    assert not LEAKS.search(details)
    assert target.process.poll() is None


def test_a_connection_that_is_reset(target):
    """The client's machine is switched off while it uploads."""
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", target.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(post(V1, BODY)[:-10])
        connection.close()
    assert target.predict(PHOTO).status_code == 200


def test_good_requests_went_on_and_memory_is_bounded(target):
    """The last test of this file: it judges what all of the others did to the one server."""
    assert target.good.is_alive()
    assert target.good.wrong == []
    assert target.good.seconds
    status = Path(f"/proc/{target.process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024 / 1e6
    print(f"peak {peak:.0f} MB; longest good request {max(target.good.seconds):.2f} s")
    assert peak < PEAK_MB
    assert target.group is None or target.group.kills() == 0
    assert "Traceback" not in target.log.read_text()
