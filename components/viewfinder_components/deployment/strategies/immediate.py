"""The whole service moves to the new version, and back if that one does not prove itself."""

import logging

from viewfinder_components.deployment.proof import Proof, prove
from viewfinder_components.deployment.retrying import retried
from viewfinder_components.deployment.target import Rollout, SupersededError
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.formats.samples import Samples
from viewfinder_components.timing import Stopwatch

_log = logging.getLogger(__name__)


def replace_at_once(rollout: Rollout, samples: Samples | None, watch: Stopwatch) -> Proof:
    """Let a version serve in place of its predecessor, which comes back if it does not.

    Args:
        rollout: The version to apply.
        samples: The test photos; None if answers are not compared.
        watch: Records the seconds of the phases.

    Raises:
        PermanentError: The version cannot serve, or its answers are wrong; the message says what
            serves now.
        TransientError: Time ran out, or the target did not answer; the message says so too.
    """
    try:
        with watch.phase("apply"):
            if rollout.changes:
                _log.info("deploy: applying version %d", rollout.config.version_number)
            retried(rollout.apply, rollout.deadline)
        return prove(rollout, samples, watch)
    except SupersededError:
        raise
    except ViewfinderError as error:
        raise _rolled_back(rollout, error) from error


def _rolled_back(rollout: Rollout, error: ViewfinderError) -> ViewfinderError:
    """Restore what served before, and return the error with what serves now."""
    if not _may_be_applied(rollout):
        return error
    sentence = _go_back(rollout)
    _log.warning("deploy: failed; %s", sentence)
    kind = PermanentError if isinstance(error, PermanentError) else TransientError
    return kind(error.expected, f"{error.received} ({sentence})", error.remedy)


def _may_be_applied(rollout: Rollout) -> bool:
    """Whether the target has accepted the version; if it cannot be asked, it may have."""
    try:
        return rollout.is_applied()
    except ViewfinderError:
        return True


def _go_back(rollout: Rollout) -> str:
    """Restore the predecessor, and describe in a sentence what serves now."""
    predecessor = rollout.predecessor
    if predecessor is None and not rollout.changes:
        return "nothing was changed: the service is as it was before this step"
    try:
        return rollout.restore().value.format(predecessor)
    except ViewfinderError as error:
        return f"{predecessor} could not be restored ({error}); try again"
