"""Why KServe's storage initializer could not fetch a version, judging by its log.

Its exit code is 1 whatever happened, so its words have to be read. They differ from release to
release; the messages of the S3 and Cloud Storage clients do not.
"""

import re
from dataclasses import dataclass
from enum import Enum

_AWAY = re.compile(
    r"could not connect|connect timeout|connection (was |is )?(refused|reset|aborted|error)"
    r"|connectionerror|max retries|timed out|name or service not known|failed to resolve"
    r"|temporary failure in name resolution|failed to connect|slow ?down|\(50[0234]\)|\b50[0234] "
    r"|remote end closed|read timeout",
    re.I,
)
_REFUSED = re.compile(
    r"\(40[13]\)|\b40[13]\b|forbidden|access ?denied|invalidaccesskeyid|signaturedoesnotmatch"
    r"|unauthorized|authentication failed|credentials|invalid_grant|permission",
    re.I,
)
_MISSING = re.compile(
    r"\(404\)|\b404\b|nosuchbucket|nosuchkey|not found|does not exist|no model found"
    r"|failed to fetch model|cannot locate",
    re.I,
)
# What KServe's logger puts before a message: time, process, logger, level, place.
_PREFIX = re.compile(r"^[-0-9]{10} [\d:.]+ \d+ \S+ [A-Z]+ \[[^\]]*\] ")
_ERROR_LINE = re.compile(r"error|fail|exception|cannot|denied", re.I)


class StorageProblem(Enum):
    """What prevented a version from being fetched."""

    AWAY = "a storage that did not answer"
    REFUSED = "a refusal"
    MISSING = "nothing there"
    UNKNOWN = "a failure"


@dataclass(frozen=True)
class StorageFailure:
    """One failure of the storage initializer."""

    problem: StorageProblem
    line: str
    """The log line that reports it."""


def read_failure(log: str) -> StorageFailure:
    """Find the cause at the end of the storage initializer's log."""
    lines = [_PREFIX.sub("", line.strip()) for line in log.splitlines() if _ERROR_LINE.search(line)]
    # The first error is the client's own; those after it rephrase it.
    for line in lines:
        for pattern, problem in (
            (_AWAY, StorageProblem.AWAY),
            (_REFUSED, StorageProblem.REFUSED),
            (_MISSING, StorageProblem.MISSING),
        ):
            if pattern.search(line):
                return StorageFailure(problem, line)
    last = (lines or log.strip().splitlines() or ["no log"])[-1].strip()
    return StorageFailure(StorageProblem.UNKNOWN, last)
