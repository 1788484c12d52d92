# The public interface of the client, in one place.
from .answers import Prediction, Unanswered
from .async_client import AsyncClient
from .client import Client
from .errors import (
    ParameterError,
    PermanentError,
    TransientError,
    UnansweredError,
    UsageError,
    ViewfinderError,
)

__all__ = [
    "AsyncClient",
    "Client",
    "ParameterError",
    "PermanentError",
    "Prediction",
    "TransientError",
    "Unanswered",
    "UnansweredError",
    "UsageError",
    "ViewfinderError",
]
