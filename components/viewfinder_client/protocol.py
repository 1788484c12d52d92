"""What every protocol can do: describe a model, and ask it about one photo, once."""

from typing import Any, NamedTuple, Protocol

from viewfinder_client.v1_answers import Classification, need_text


class ModelInput(NamedTuple):
    """What a model makes of a photo first."""

    image_size: int
    """Side of the square that it sees, in pixels."""
    preprocessing: int
    """The server's `decode.PREPROCESSING`."""


class Description(NamedTuple):
    """What a server says about its model."""

    version: str = ""
    """Such as `7`; empty if the server does not say."""
    input: ModelInput | None = None
    """None if the server does not say."""


class Reply(NamedTuple):
    """An answer about one photo."""

    classification: Classification
    version: str
    """The version that answered; empty if the server does not say."""


class PredictionProtocol(Protocol):
    """Asks a model; each call is one attempt."""

    place: str
    """The server, as messages show it."""

    @property
    def needs_model(self) -> bool:
        """Whether the model's name is not known yet."""

    async def find_model(self) -> None:
        """Find out the model's name.

        Raises:
            PermanentError: The server has several models, or is not a predictor.
            TransientError: There is no answer.
        """

    async def describe(self) -> Description:
        """Return what the server says about the model.

        Raises:
            PermanentError: The server denies access, or is not a predictor.
            TransientError: There is no answer.
        """

    async def ask(self, photo: bytes) -> Reply:
        """Classify a photo.

        Raises:
            UnansweredError: The server refuses the photo.
            PermanentError: It would refuse every photo, or is not a predictor.
            TransientError: There is no answer; `BusyError` if the server is busy.
        """

    async def close(self) -> None:
        """Close all connections."""


def read_description(metadata: Any) -> Description:
    """Return what the metadata of the V2 protocol say, as parsed from JSON.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: They are another server's.
    """
    (version,) = metadata["versions"]
    said = metadata.get("parameters")
    parameters = said if isinstance(said, dict) else {}  # the protocol does not say what is there
    found = read_input(parameters.get("image_size"), parameters.get("preprocessing"))
    return Description(need_text(version), found)


def read_input(image_size: object, preprocessing: object) -> ModelInput | None:
    """Return what a model sees, as a server describes it; None if it says something else."""
    numbers = (image_size, preprocessing)
    if not all(type(number) is int and 0 < number <= _MOST for number in numbers):
        return None
    return ModelInput(*numbers)  # type: ignore[arg-type]  # checked above


_MOST = 10_000  # pixels: no server makes a client decode more for it
