"""What the functions of the public interface raise."""

from viewfinder_components.errors import (
    ParameterError,
    PermanentError,
    TransientError,
    UsageError,
    ViewfinderError,
)

__all__ = ["ParameterError", "PermanentError", "TransientError", "UsageError", "ViewfinderError"]
