"""Complete HTTP/1.1 requests with a photo, as the ways to serve take it."""

import base64
import json
from typing import Any

from viewfinder_comparison.servers.server import LOOPBACK

_BOUNDARY = "viewfinder-comparison-5f2c9d"


def post(
    path: str, content_type: str, body: bytes, host: str = LOOPBACK, **headers: str | int
) -> bytes:
    """Return a POST request.

    Args:
        path: The path, such as `/infer`.
        content_type: Of the body.
        body: The body.
        host: The server's name, which what stands before it may look at.
        headers: More headers; `_` stands for `-`.
    """
    name = f"[{host}]" if ":" in host else host  # an address of IPv6
    more = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {name}\r\nContent-Type: {content_type}\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode("ascii") + body


def post_json(path: str, value: Any, host: str = LOOPBACK) -> bytes:
    """Return a POST request with a JSON body."""
    return post(path, "application/json", json.dumps(value).encode(), host)


def post_form(path: str, field: str, photo: bytes) -> bytes:
    """Return a POST request with a photo as a file of a form, as a browser or curl sends it."""
    head = (
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="{field}"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    body = head.encode("ascii") + photo + f"\r\n--{_BOUNDARY}--\r\n".encode("ascii")
    return post(path, f"multipart/form-data; boundary={_BOUNDARY}", body)


def post_instance(model_name: str, photo: bytes, host: str = LOOPBACK) -> bytes:
    """Return a request in KServe's V1 protocol, which is TensorFlow Serving's."""
    body = {"instances": [{"b64": encode(photo)}]}
    return post_json(f"/v1/models/{model_name}:predict", body, host)


def post_tensor(
    path: str, name: str, shape: list[int], data: bytes, datatype: str, host: str = LOOPBACK
) -> bytes:
    """Return a request in the Open Inference Protocol with a tensor in its binary form."""
    tensor = {
        "name": name,
        "shape": shape,
        "datatype": datatype,
        "parameters": {"binary_data_size": len(data)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    return post(
        path,
        "application/octet-stream",
        head + data,
        host,
        Inference_Header_Content_Length=len(head),
    )


def encode(photo: bytes) -> str:
    """Return a photo in base64."""
    return base64.b64encode(photo).decode("ascii")
