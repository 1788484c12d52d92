"""What comes of a photo: a prediction, or the reason why there is none."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prediction:
    """The model's answer about one photo.

    Attributes:
        photo: The photo's path or URI.
        label: The most probable label.
        probabilities: Every label's probability, highest first.
        version: The version that answered, such as `7`; empty if the server does not say.
    """

    photo: str
    label: str
    probabilities: dict[str, float] = field(hash=False)
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Unanswered:
    """A photo that the server did not classify.

    Attributes:
        photo: The photo's path or URI.
        error: Why.
        is_transient: Whether the same photo may have an answer later: the server was busy, or
            failed. False if the photo cannot be read or was refused.
    """

    photo: str
    error: str
    is_transient: bool = field(default=False, compare=False)
