"""The states of a cluster that are recorded, and what doctor is asked about each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewfinder_pipelines.doctor.install import DoctorConfig, Purpose
from viewfinder_pipelines.pipeline.platform import PlatformSettings, PodSettings
from viewfinder_pipelines.settings.file import ClusterSettings

IMAGE = "registry.example/predictor:1"
"""The predictor's image, in the recorded runtimes and in the settings: no release changes it."""
ADMIN, NOBODY, STRANGER = "admin", "", "stranger"
"""Who calls, besides service accounts: an administrator, somebody without credentials, and somebody
whose token the cluster does not know."""


@dataclass(frozen=True)
class State:
    """A state of the cluster, in a namespace of its own.

    Attributes:
        name: The namespace's and the recording's.
        asker: The caller: `ADMIN`, `NOBODY`, `STRANGER` or a service account of the namespace.
        purpose: What the install is for.
        pods: Whether doctor may start pods.
        parameters: The settings file's `[parameters]`.
    """

    name: str
    asker: str = ADMIN
    purpose: Purpose = Purpose.RUN
    pods: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> DoctorConfig:
        """What doctor is asked."""
        platform = PlatformSettings(steps={"check": PodSettings(image=IMAGE)})
        return DoctorConfig(
            purpose=self.purpose,
            namespace=self.name,
            model_root="" if self.purpose is Purpose.DEPLOY else "s3://models/fruit",
            pods=self.pods,
            settings=ClusterSettings(platform=platform, parameters=self.parameters),
        )


STATES = {
    state.name: state
    for state in (
        State("no-kserve"),  # first: afterwards the kinds are there
        State("healthy"),
        State("no-namespace"),
        State("namespace-ends"),
        State("no-runtime"),
        State("no-accounts"),
        State("no-secret"),
        State("unfilled-secret"),
        State("role-without-create"),
        State("may-not-deploy", asker="developer", purpose=Purpose.DEPLOY),
        State("may-nothing", asker="newcomer"),
        State("no-room", parameters={"predictor_cpu": "64"}),
        State("one-fits", parameters={"predictor_cpu": "3"}),
        State("only-tainted-nodes", parameters={"predictor_memory": "20Gi"}),
        State("quota-exhausted"),
        State("quota-refuses-pods", pods=True),
        State("unknown-token", asker=STRANGER),
        State("no-credentials", asker=NOBODY),
    )
}
"""By name, in the order in which they are recorded."""


def write_kubeconfig(path: Path, url: str, token: str) -> Path:
    """Write a kubeconfig for a server, with a token or, where it is empty, with no credentials."""
    contents = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "it", "cluster": {"server": url}}],
        "users": [{"name": "it", "user": {"token": token} if token else {}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    path.write_text(json.dumps(contents))
    return path
