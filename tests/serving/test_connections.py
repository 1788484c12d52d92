"""Clients below HTTP's good manners: slow, silent, lying, endless."""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse

import httpx
import pytest
from tests.fixtures.waiting import PATIENCE, wait_for

V1 = "/v1/models/colour:predict"


def talk(predictor, *parts: bytes, pause: float = 0.0, close: bool = False) -> bytes:
    """Send parts over a fresh connection and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        if close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
        return answer


def head(length: object, *more: str) -> bytes:
    lines = [f"POST {V1} HTTP/1.1", "host: x", "content-type: application/json"]
    if length is not None:
        lines.append(f"content-length: {length}")
    return "\r\n".join([*lines, *more, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def alive(predictor) -> bool:
    return predictor.client.get("/v2/health/ready").json() == {"ready": True}


def test_a_body_that_stops_is_given_up(predictor):
    answer = talk(predictor, head(1000), b'{"instances"')
    assert status(answer) == 408
    assert b"12 bytes of it" in answer
    assert alive(predictor)


def test_a_body_in_drops_is_given_up(predictor):
    """Each byte in time is not enough: the whole body has to be."""
    answer = talk(predictor, head(1000), *[b" "] * 20, pause=0.1)
    assert status(answer) == 408


def test_a_client_that_hangs_up_is_no_failure(predictor):
    gone = predictor.metric('viewfinder_requests_total{outcome="gone"')
    with socket.create_connection(("127.0.0.1", predictor.port)) as connection:
        connection.sendall(head(1000) + b"{")
    wait_for(
        lambda: predictor.metric('viewfinder_requests_total{outcome="gone"') > gone,
        "the request to be counted as gone",
    )
    assert alive(predictor)


def test_a_large_body_is_refused_before_it_is_sent(predictor):
    """With nothing but the header the answer is there: the body is not waited for."""
    with socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection:
        connection.sendall(head(10**9, "expect: 100-continue"))
        answer = connection.recv(65536)
    assert status(answer) == 413
    assert b"100 Continue" not in answer


def test_a_length_beyond_integers_is_refused(predictor):
    assert status(talk(predictor, head("9" * 400), close=True)) in (400, 413)


def test_an_endless_body_is_refused_while_it_comes(predictor):
    with socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection:
        connection.sendall(head(None, "transfer-encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent = 0
        connection.setblocking(False)
        answer = b""
        deadline = time.monotonic() + PATIENCE
        while not answer and time.monotonic() < deadline:
            try:
                sent += connection.send(chunk[sent % len(chunk) :])
                answer = connection.recv(65536)
            except BlockingIOError:
                time.sleep(0.001)
            except ConnectionError:
                break
    assert status(answer) == 413
    assert alive(predictor)


def test_a_refused_upload_still_gets_its_answer(predictor):
    """The body is on its way already; the answer must not be lost with the connection."""
    body = bytes(3_000_000)
    answer = talk(predictor, head(len(body)) + body)
    assert status(answer) == 413
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),  # TLS to a plain port
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        head("abc"),
        head("-5"),
        head(5, "content-length: 6"),
        head(5, "transfer-encoding: chunked") + b"0\r\n\r\n",
        head(None, "transfer-encoding: chunked") + b"zz\r\n",
    ],
)
def test_what_is_not_http_is_refused(predictor, request_):
    answer = talk(predictor, request_, close=True)
    assert status(answer) == 400
    assert answer.lower().count(b"traceback") == 0
    assert alive(predictor)


def test_less_body_than_declared_and_then_the_end(predictor):
    """Half-closed: nothing more can come; no answer is owed, and nothing breaks."""
    talk(predictor, head(1000), b"{}", close=True)
    assert alive(predictor)


def test_more_body_than_declared_is_refused_as_the_next_request(predictor):
    assert status(talk(predictor, head(2) + b"{}garbage\r\n\r\n")) == 400
    assert alive(predictor)


def test_pipelined_requests_are_answered_in_order(predictor):
    first = head(2) + b"{}"
    second = b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = talk(predictor, first + second)
    assert answer.index(b"400 Bad Request") < answer.index(b'{"live":true}')


def test_a_head_without_end_is_refused(predictor):
    answer = b""
    with socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * 300_000)
            answer = connection.recv(65536)
        except ConnectionError:
            pass  # the refusal may be lost, the connection is not kept
    assert answer[:12] in (b"", b"HTTP/1.1 400")
    assert alive(predictor)


CHUNKED = head(None, "connection: close", "transfer-encoding: chunked")


@pytest.mark.parametrize(
    ("before", "part"),
    [(b"0\r\n", b"a: b\r\n"), (b"0\r\na: ", b"b" * 1000), (b"1;", b"a" * 1000)],
    ids=["trailers", "one trailer", "an extension"],
)
def test_what_follows_a_body_without_end_is_refused(start, before, part):
    """Each of a million trailers was kept: 130 MB became 2.4 GB."""
    with start("--body-seconds", "3600") as predictor:
        answer = b""
        with (
            socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as client,
            suppress(ConnectionError),  # it is closed, and does not read the rest
        ):
            client.sendall(CHUNKED + before)
            for _ in range(100):
                client.sendall(part * (10_000 // len(part)))
            answer = client.recv(65536)
        assert answer[:12] in (b"", b"HTTP/1.1 400")
        assert alive(predictor)


def test_large_requests_may_follow_each_other(predictor, photo):
    """Head and much of a body in one piece, behind a request that was no smaller."""
    body = json.dumps({"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}).encode()
    body += b" " * 300_000
    with socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE) as connection:
        for _ in range(10):
            connection.sendall(head(len(body)) + body)
            answer = HTTPResponse(connection)
            answer.begin()
            assert (answer.status, answer.read()[:14]) == (200, b'{"predictions"')


def test_a_trailer_is_no_header(start, photo):
    body = json.dumps({"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}).encode()
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    with start() as predictor:
        answer = talk(predictor, CHUNKED + chunk + b"x-forwarded-for: forged\r\n\r\n")
        assert status(answer) == 200
        predictor.stop()
        assert "forged" not in predictor.log.read_text()


def test_what_is_no_request_does_not_answer_the_one_before(predictor, photo):
    """It arrives before the first request is answered, and its head was in order."""
    body = json.dumps({"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}).encode()
    answer = talk(predictor, head(len(body)) + body + CHUNKED + b"no size\r\n")
    assert status(answer) == 200
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.slow
def test_a_silent_connection_is_closed(predictor):
    started = time.monotonic()
    assert talk(predictor) == b""
    assert time.monotonic() - started > 5


def test_http_1_0_is_answered(predictor):
    assert b'{"live":true}' in talk(predictor, b"GET /v2/health/live HTTP/1.0\r\n\r\n")


def test_head_has_no_body(predictor):
    assert predictor.client.head("/v2/health/ready").status_code == 200


def test_the_photo_may_come_in_chunks(predictor, photo):
    body = {"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}
    content = json.dumps(body).encode()
    parts = (content[place : place + 100] for place in range(0, len(content), 100))
    headers = {"content-type": "application/json"}
    answer = predictor.client.post(V1, content=parts, headers=headers)
    assert answer.json()["predictions"][0]["label"] == "red"


@contextmanager
def idle_uploads(predictor, count: int, length: int, rest: bytes = b"") -> Iterator[None]:
    """Connections that announce a body and send none of it, or a little."""
    connections = [socket.create_connection(("127.0.0.1", predictor.port)) for _ in range(count)]
    try:
        for connection in connections:
            connection.sendall(head(length) + rest)
        yield
    finally:
        for connection in connections:
            connection.close()


def test_what_is_only_announced_takes_no_room(start, photo):
    """Three times the largest body, and none comes: good requests do not wait for them."""
    with start("--max-request-mb", "16") as predictor, idle_uploads(predictor, 3, 16_000_000):
        assert predictor.predict(photo("red")).status_code == 200
        assert predictor.metric("viewfinder_requests_in_flight") == 3  # none has been given up


def test_unfinished_uploads_take_no_place_of_a_request(start, photo):
    with start("--max-requests", "2") as predictor, idle_uploads(predictor, 8, 100, b"{"):
        assert predictor.predict(photo("red")).status_code == 200


def test_the_idlest_upload_makes_way(start, photo):
    with start("--max-uploads", "4") as predictor, idle_uploads(predictor, 4, 100):
        assert predictor.predict(photo("red")).status_code in (200, 503)
        time.sleep(0.6)  # from then on they are idle
        for _ in range(3):
            assert predictor.predict(photo("red")).status_code == 200
        assert predictor.metric('viewfinder_requests_total{outcome="busy"') >= 1


def test_one_address_does_not_keep_others_out(start, photo):
    """Its uploads are not even idle: 0.5 s have not passed."""
    with start("--max-uploads", "8") as predictor, idle_uploads(predictor, 8, 100):
        wait_for(
            lambda: predictor.metric("viewfinder_requests_in_flight") >= 8,
            "eight uploads to be in flight",
            pause=0.01,  # after half a second they are idle
        )
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as other:
            body = {"instances": [{"b64": base64.b64encode(photo("red")).decode()}]}
            assert other.post(predictor.url + V1, json=body, timeout=PATIENCE).status_code == 200


def test_bodies_that_stop_short_of_their_end_do_not_keep_others_waiting(start, photo, large_photo):
    """They fill the room; without an end to it, they could do so for half a minute each."""
    options = ["--max-request-mb", "2", "--max-buffered-mb", "4", "--body-seconds", "3600"]
    with (
        start(*options) as predictor,
        idle_uploads(predictor, 4, 1_500_000, b" " * 1_499_999),
    ):
        in_flight = "viewfinder_requests_in_flight"
        wait_for(lambda: predictor.metric(in_flight) == 4, "four uploads to be in flight")
        assert (
            predictor.predict(photo("red")).status_code == 200
        )  # small bodies have their own room
        assert predictor.metric(in_flight) == 4
        assert predictor.predict(large_photo).status_code == 200
        assert predictor.metric(in_flight) < 4
        assert alive(predictor)


def test_bodies_that_are_each_half_there_do_not_wait_for_each_other(start):
    """Four of a megabyte in room for one: the second halves come when all first halves have."""
    body = b'{"instances": [{"b64": "%b"}]}' % (b"A" * 1_000_000)
    half = len(body) // 2
    with start("--max-request-mb", "1.1", "--max-buffered-mb", "1.1") as predictor:
        connections = [
            socket.create_connection(("127.0.0.1", predictor.port), timeout=PATIENCE)
            for _ in range(4)
        ]
        for connection in connections:
            connection.sendall(head(len(body)) + body[:half])
        senders = [
            threading.Thread(target=connection.sendall, args=(body[half:],))
            for connection in connections
        ]
        for sender in senders:
            sender.start()
        answers = [connection.recv(65536) for connection in connections]
        for sender, connection in zip(senders, connections, strict=True):
            sender.join()
            connection.close()
        assert [status(answer) for answer in answers] == [400] * 4  # no photo, but read


@pytest.mark.slow
def test_a_body_below_the_least_pace_is_given_up_early(start):
    with start("--body-seconds", "60") as predictor:  # a sixth of that without looking at the pace
        started = time.monotonic()
        assert status(talk(predictor, head(100_000), b"{")) == 408
        assert time.monotonic() - started < 40
