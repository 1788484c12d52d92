"""The contents of a model's folder in a bucket, from one listing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from viewfinder_components.storage.listing import list_objects
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.objects import ObjectClient
from viewfinder_components.storage.version import MANIFEST, parse_number

CLAIMS = ".claims"
"""The folder whose objects record which numbers are taken, and by what."""


def claim_of(folder: Location, number: int) -> str:
    """Return the key of the object that takes a number."""
    return folder.below(CLAIMS, str(number)).key


def file_of(folder: Location, number: int, name: str) -> str:
    """Return the key of a version's file."""
    return folder.below(str(number), name).key


_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass
class Numbered:
    """A number that is taken, by anything."""

    files: dict[str, int] = field(default_factory=dict)
    """Sizes in bytes by path below the version."""
    claimed: bool = False
    """Whether a publisher took it; anything below other numbers is not ours."""
    touched: datetime = _NEVER
    """When the newest object was written."""

    @property
    def complete(self) -> bool:
        """Whether it is a version."""
        return self.files.get(MANIFEST, 0) > 0

    @property
    def given_up(self) -> bool:
        """Whether it can never become a version: an empty manifest keeps its place."""
        return self.files.get(MANIFEST) == 0


@dataclass(frozen=True)
class Survey:
    """All numbers of a model."""

    numbers: dict[int, Numbered]

    @property
    def complete(self) -> list[int]:
        """The versions' numbers, ascending."""
        return sorted(number for number, found in self.numbers.items() if found.complete)

    @property
    def newest(self) -> int:
        """The highest version number, 0 before the first."""
        return max(self.complete, default=0)

    def unfinished(self) -> Iterator[int]:
        """Yield the numbers that a publisher claimed but has not completed, ascending."""
        for number, found in sorted(self.numbers.items()):
            if found.claimed and not found.complete:
                yield number


def survey(client: ObjectClient, folder: Location) -> Survey:
    """List a model's folder."""
    numbers: dict[int, Numbered] = {}
    for entry in list_objects(client, f"{folder.key}/"):
        first, slash, rest = entry.name.removeprefix(f"{folder.key}/").partition("/")
        is_claim = first == CLAIMS
        number = parse_number(rest if is_claim else first)
        if number is None or not slash:
            continue
        found = numbers.setdefault(number, Numbered())
        found.touched = max(found.touched, entry.updated)
        if is_claim:
            found.claimed = True
        elif rest:
            found.files[rest] = entry.size
    return Survey(numbers)
