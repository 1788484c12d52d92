"""The deploy step: a published version serves, or nothing changes."""

import logging
import time
from pathlib import Path

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.record import RECORD, Deployed, conclude, to_record
from viewfinder_components.deployment.retrying import retried
from viewfinder_components.deployment.strategies.immediate import replace_at_once
from viewfinder_components.deployment.target import Rollout, Target
from viewfinder_components.deployment.targets import TARGETS
from viewfinder_components.errors import ViewfinderError
from viewfinder_components.formats.samples import read_samples
from viewfinder_components.timing import Stopwatch
from viewfinder_components.whole_files import write_json

_log = logging.getLogger(__name__)

# It logs a line per request, at the level at which the steps log their progress.
logging.getLogger("httpx").setLevel(logging.WARNING)


def deploy_version(
    evaluation: Path, record: Path, config: DeployConfig, by: Deed = Deed.DEPLOY
) -> Deployed:
    """Make a published version serve, and prove with test photos that it does.

    A version that does not come into service, or answers differently from the evaluation, is
    replaced by the previous one, whose pods keep serving until the new ones are ready. Rerunning it
    gives the same result, even if it was killed, whenever that was.

    Args:
        evaluation: What evaluate wrote: `evaluation.json` and `samples/`. Not read if the config
            disables the comparison.
        record: Where to write `deployment.json`; made when missing.
        config: What to deploy, and where.
        by: How the service's history records the cause.

    Raises:
        PermanentError: Permission, image, storage, layout, memory, quota or admission is wrong, or
            the answers are; the message says what serves now.
        TransientError: The cluster or the storage did not answer, or time ran out.
    """
    target_type = TARGETS[config.target]
    target_type.need_servable(config.version_uri)
    watch = Stopwatch("deploy")
    samples = read_samples(evaluation) if config.compare else None
    with target_type.connect(config.namespace) as target:
        with watch.phase("prepare"):
            rollout = _prepare(target, config)
        _tell_changed_settings(rollout, by)
        proof = replace_at_once(rollout, samples, watch)
        unrecorded = _remember(rollout, by)
        result = conclude(rollout, proof, dict(watch.seconds), unrecorded)
        write_json(record / RECORD, to_record(rollout, target.namespace, result))
    return result


def _prepare(target: Target, config: DeployConfig) -> Rollout:
    deadline = time.monotonic() + config.deploy_timeout_seconds
    return retried(lambda: target.prepare(config, deadline), deadline)


def _tell_changed_settings(rollout: Rollout, by: Deed) -> None:
    if rollout.changed_settings and by is Deed.DEPLOY:
        _log.warning(
            "deploy: changes the service's %s; settings of an earlier deployment are not kept: set "
            "them under [parameters] in viewfinder.toml, or deploy with them",
            ", ".join(rollout.changed_settings),
        )


def _remember(rollout: Rollout, by: Deed) -> str:
    """Add the deployment to the service's history; return why that failed, empty if it did not.

    The service is serving: failing to write the history does not undo that.
    """
    try:
        retried(lambda: rollout.remember(by), rollout.deadline)
    except ViewfinderError as error:
        _log.warning("deploy: not recorded in the service's history: %s", error)
        return str(error)
    return ""
