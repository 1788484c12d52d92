"""The settings of a predictor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.formats.precision import AUTO, F32, PRECISIONS
from viewfinder_components.photos.room import SMALL_BYTES
from viewfinder_components.storage.model_name import SERVED_RULE, is_served_name
from viewfinder_components.storage.version import parse_number
from viewfinder_serving.cors import ORIGIN_RULE, is_origin
from viewfinder_serving.engine_names import ENGINES, OPENVINO, TENSORFLOW

_MEGABYTE = 1_000_000
_LEAST_DECODING_BYTES = 2 * SMALL_BYTES

_ABOVE_ZERO = (
    "max_request_mb",
    "max_megapixels",
    "max_decoding_mb",
    "max_buffered_mb",
    "body_seconds",
    "request_seconds",
)


@dataclass(frozen=True)
class ServeConfig:
    """All settings of one predictor process.

    Raises:
        PermanentError: A value is out of range.
    """

    model_dir: Path
    """A published version: model.xml, model.bin, labels.json, and usually manifest.json."""

    model_name: str | None = None
    """Name in the URLs; None takes it from the path `<root>/<model>/<integer>`."""

    model_version: str | None = None
    """Version in the answers; None takes it from that path, else from the manifest. Required in a
    pod, which sees the version as `/mnt/models`."""

    host: str = "127.0.0.1"
    """Address to listen on; a pod needs `0.0.0.0`."""

    port: int = 8080
    """HTTP port; 0 selects a free one, which is written to `ready_file`."""

    grpc_port: int | None = None
    """Port of the Open Inference Protocol over gRPC; None disables gRPC."""

    max_request_mb: float = 16.0
    """Largest request body, in megabytes; base64 makes a photo a third larger."""

    max_megapixels: float = 120.0
    """Largest photo, in megapixels; a larger one is refused from its header. Phone cameras have up
    to 108, and JPEGs of that size are never in memory all at once."""

    max_decoding_mb: float = 300.0
    """Megabytes for all photos decoded at the same time, 17 of them for small photos only;
    a photo that would need more than the rest is refused from its header. A HEIC of 48 megapixels,
    as taken by phones, needs 270."""

    max_photos: int = 64
    """Maximum number of photos in one request."""

    max_requests: int = 64
    """Maximum number of requests in progress; one more gets 503 with Retry-After."""

    max_uploads: int = 256
    """Maximum number of requests whose bodies are still being received; one more displaces the one
    that has been idle longest."""

    max_buffered_mb: float = 32.0
    """Megabytes of request bodies held at once, not counting one further body; others wait in their
    client's socket."""

    body_seconds: float = 30.0
    """Time a client has to send its body."""

    request_seconds: float = 60.0
    """Time a request may take from its first byte, including waiting."""

    drain_seconds: float = 0.0
    """Time between SIGTERM, when readiness turns false, and refusing new connections. A pod
    needs a few seconds, because Kubernetes keeps sending requests that long."""

    grace_seconds: float = 30.0
    """Time for requests in flight to finish after that."""

    threads: int | None = None
    """Requests decoded and answered at once; None for one per core."""

    precision: str = AUTO
    """Numeric precision in which OpenVINO computes: `f32`, `bf16` or `int8`; `auto` is the first
    that the version's manifest allows and the processor has. TensorFlow computes in `f32`."""

    explain: bool = True
    """Whether `:explain` is answered; without it, that is an unknown path."""

    drift: bool = True
    """Whether to compare photos and answers with the version's drift reference, if it has one."""

    cors_origins: Sequence[str] = ()
    """Origins whose pages may ask the predictor from a browser; `*` stands for all."""

    token_file: Path | None = None
    """File of the bearer tokens that requests need, one a line; it is read again when it changes.
    None for those of the environment variable VIEWFINDER_SERVING_TOKENS, or for none."""

    tls_certificate: Path | None = None
    """PEM file of the certificate for HTTPS and for gRPC over TLS, and those between it and its
    authority; None for no TLS. Read again when it changes."""

    tls_key: Path | None = None
    """PEM file of the certificate's key."""

    engine: str = OPENVINO
    """What computes: `openvino`, or `tensorflow`, which runs the version's SavedModel if TensorFlow
    is installed."""

    tracing: bool | None = None
    """Whether spans of the requests are sent to an OpenTelemetry collector; None if an environment
    variable names one (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`)."""

    access_log: bool = True
    """Whether to log a line for every request (except successful probes)."""

    ready_file: Path | None = None
    """Where to write `{"url", "pid"}` once the server is ready; for scripts and tests."""

    stop_at_eof: bool = False
    """Whether to stop when standard input ends, as it does when the parent process is killed."""

    def __post_init__(self) -> None:
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            self._need(name, "a number above 0", math.isfinite(value) and value > 0)
        least = _LEAST_DECODING_BYTES
        self._need("max_decoding_mb", f"at least {least / 1e6:g}", self.max_decoding_bytes >= least)
        for name in ("drain_seconds", "grace_seconds"):
            value = getattr(self, name)
            self._need(name, "a number of at least 0", math.isfinite(value) and value >= 0)
        for name in ("max_photos", "max_requests", "max_uploads"):
            self._need(name, "a whole number of at least 1", getattr(self, name) >= 1)
        self._need("port", "a whole number from 0 to 65535", 0 <= self.port <= 65535)
        self._need(
            "grpc_port",
            "a whole number from 1 to 65535",
            self.grpc_port is None or 1 <= self.grpc_port <= 65535,
        )
        if self.grpc_port is not None and self.grpc_port == self.port:
            raise UsageError(
                "two different ports for HTTP and gRPC",
                f"{self.port} for both",
                "set another --grpc-port",
            )
        self._need(
            "threads", "a whole number of at least 1", self.threads is None or self.threads >= 1
        )
        allowed = (AUTO, *PRECISIONS)
        self._need("precision", f"one of {', '.join(allowed)}", self.precision in allowed)
        self._need("engine", f"one of {', '.join(ENGINES)}", self.engine in ENGINES)
        if self.engine == TENSORFLOW and self.precision not in (AUTO, F32):
            raise UsageError(
                f"--precision {F32} with --engine {TENSORFLOW}",
                self.precision,
                "leave out one of the two options",
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise UsageError(
                "both --tls-certificate and --tls-key, or neither",
                "one of them",
                "name the other file as well",
            )
        for origin in self.cors_origins:
            if not is_origin(origin):
                raise ParameterError("--cors-origin", ORIGIN_RULE, origin)
        if not is_served_name(self.name):
            raise UsageError(SERVED_RULE, repr(self.name), "use another name")

    def _need(self, name: str, rule: str, fits: bool) -> None:
        if not fits:
            raise ParameterError(f"--{name.replace('_', '-')}", rule, getattr(self, name))

    @property
    def name(self) -> str:
        """The model's name in the URLs."""
        if self.model_name is not None:
            return self.model_name
        folder = self.model_dir.resolve()
        is_version = parse_number(folder.name) is not None
        return folder.parent.name if is_version else folder.name

    @property
    def max_request_bytes(self) -> int:
        """Largest request body, in bytes."""
        return int(self.max_request_mb * _MEGABYTE)

    @property
    def max_buffered_bytes(self) -> int:
        """Bytes of request bodies held at once; never less than one body."""
        return max(int(self.max_buffered_mb * _MEGABYTE), self.max_request_bytes)

    @property
    def max_decoding_bytes(self) -> int:
        """Bytes for all photos decoded at the same time."""
        return int(self.max_decoding_mb * _MEGABYTE)

    @property
    def max_pixels(self) -> int:
        """Largest photo, in pixels."""
        return int(self.max_megapixels * 1_000_000)
