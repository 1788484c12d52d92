"""Model roots on a Kubernetes volume claim.

`pvc://<claim>/<path>` is KServe's notation for a path on a claim. The pods that publish mount the
claim at `/mnt/pvc/<claim>`; KServe mounts it where its own containers need it.
"""

import re
from pathlib import Path

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.spelling import write_command
from viewfinder_components.storage.local_store import LocalStore

PVC = "pvc://"
MOUNTS = Path("/mnt/pvc")
"""Where the pods mount claims, one folder per claim."""

_CLAIM = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")  # a Kubernetes object's name


def is_mounted(root: str) -> bool:
    """Whether the claim of a `pvc://` URI is mounted here."""
    claim = root[len(PVC) :].partition("/")[0]
    return bool(_CLAIM.fullmatch(claim)) and (MOUNTS / claim).is_dir()


def open_claim(root: str) -> LocalStore:
    """Open the model root of a `pvc://` URI.

    Raises:
        PermanentError: It names no claim, leads outside it, or the claim is not mounted here.
    """
    claim, _, path = root[len(PVC) :].partition("/")
    names = [name for name in path.split("/") if name]
    if not _CLAIM.fullmatch(claim) or ".." in names:
        raise UsageError(
            "a claim and a path on it, pvc://claim/path",
            repr(root),
            "write pvc://models/fruit for example",
        )
    if not (MOUNTS / claim).is_dir():
        raise PermanentError(
            f"the volume claim {claim} mounted at {MOUNTS / claim}",
            "no such folder",
            "mount the claim in the step's pod, or run this where it is mounted; elsewhere, only "
            f"`{write_command('deploy', 'MODEL/NUMBER', '--without-comparison')}` accepts a {PVC} "
            "root",
        )
    return LocalStore(MOUNTS.joinpath(claim, *names), uri=f"{PVC}{'/'.join((claim, *names))}")
