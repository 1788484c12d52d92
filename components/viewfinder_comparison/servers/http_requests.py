"""Complete HTTP/1.1 requests with a photo, as the ways to serve take it."""

import base64
import json
from typing import Any

_BOUNDARY = "viewfinder-comparison-5f2c9d"


def post(path: str, content_type: str, body: bytes, **headers: str | int) -> bytes:
    """Return a POST request.

    Args:
        path: The path, such as `/infer`.
        content_type: Of the body.
        body: The body.
        headers: More headers; `_` stands for `-`.
    """
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Accept: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode("ascii") + body


def post_json(path: str, value: Any) -> bytes:
    """Return a POST request with a JSON body."""
    return post(path, "application/json", json.dumps(value).encode())


def post_form(path: str, field: str, photo: bytes) -> bytes:
    """Return a POST request with a photo as a file of a form, as a browser or curl sends it."""
    head = (
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="{field}"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    body = head.encode("ascii") + photo + f"\r\n--{_BOUNDARY}--\r\n".encode("ascii")
    return post(path, f"multipart/form-data; boundary={_BOUNDARY}", body)


def post_instance(model_name: str, photo: bytes) -> bytes:
    """Return a request in KServe's V1 protocol, which is TensorFlow Serving's."""
    return post_json(f"/v1/models/{model_name}:predict", {"instances": [{"b64": encode(photo)}]})


def encode(photo: bytes) -> str:
    """Return a photo in base64."""
    return base64.b64encode(photo).decode("ascii")
