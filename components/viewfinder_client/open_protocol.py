"""Which protocol a client speaks."""

from importlib.util import find_spec

from viewfinder_client.endpoint import Endpoint
from viewfinder_client.http_protocols import V1Protocol, V2Protocol
from viewfinder_client.options import Options
from viewfinder_client.protocol import PredictionProtocol
from viewfinder_components.bearer_token import find_own_token
from viewfinder_components.errors import ParameterError, PermanentError
from viewfinder_components.spelling import spell


def open_protocol(endpoint: str, model: str | None, options: Options) -> PredictionProtocol:
    """Return what asks a model; nothing is sent yet.

    Args:
        endpoint: The URL of a server or of a model.
        model: The model's name; None for the server's only one.
        options: How to ask.

    Raises:
        UsageError: The URL, an option or an environment variable is malformed.
        PermanentError: A package that gRPC needs is not installed.
    """
    if not isinstance(endpoint, str):
        raise ParameterError("endpoint", "the URL of a predictor", endpoint)
    if model is not None and not (isinstance(model, str) and model):
        raise ParameterError("model", "a model's name, or None", model)
    place = Endpoint.read(endpoint, model)
    if options.token is None:
        find_own_token()  # before any work
    if options.protocol == "v1":
        return V1Protocol(place, options)
    if options.protocol == "v2":
        return V2Protocol(place, options)
    _need_grpc()
    from viewfinder_client.grpc_protocol import GrpcProtocol

    return GrpcProtocol(place, options)


def _need_grpc() -> None:
    for module, package in {"grpc": "grpcio", "google.protobuf": "protobuf"}.items():
        if not _is_installed(module):
            raise PermanentError(
                f"the package {package} for {spell('protocol', 'grpc')}",
                "none that is installed",
                "run `pip install 'viewfinder[client]'`, or choose another protocol",
            )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it
        return False
