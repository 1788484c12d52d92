"""A version as users name it on a command line: `MODEL`, `MODEL/NUMBER`, or a URI."""

from dataclasses import dataclass

from viewfinder_components.errors import UsageError
from viewfinder_components.storage.version import split_number


@dataclass(frozen=True)
class VersionName:
    """A version as named by a user."""

    model: str
    number: int = 0
    """0 for the newest."""
    root: str = ""
    """The model root, if a URI was given."""

    @classmethod
    def parse(cls, text: str) -> "VersionName":
        """Parse `MODEL`, `MODEL/NUMBER`, or the URI of a model root followed by either.

        Raises:
            UsageError: It is none of these.
        """
        place, number = split_number(text)
        root, _, model = place.rpartition("/")
        is_uri = "://" in text
        if not model or ((is_uri or root) and not root.partition("://")[2]):
            raise UsageError(
                "MODEL, MODEL/NUMBER, or the URI of a model root followed by either",
                repr(text),
                "write fruit/3 or s3://bucket/models/fruit/3 for example",
            )
        return cls(model, number or 0, root)
