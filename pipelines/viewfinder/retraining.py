"""Receive alerts, and start runs that train a model again."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from viewfinder.arguments import checked
from viewfinder_pipelines.retraining.runner import Runner
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings, read_settings

__all__ = ["receive_until_interrupted"]

_STATE = "retraining"


@checked
def receive_until_interrupted(
    host: str,
    port: int,
    *,
    where: Literal["local", "kubeflow"] | None = None,
    settings: str | Path | None = None,
    token_file: str | Path | None = None,
    state: str | Path | None = None,
    say_ready: Callable[[str], None] = print,
) -> None:
    """Receive Alertmanager's webhook and look for new photos until a signal ends it.

    Call it from the main thread.

    Args:
        host: Address to listen on.
        port: TCP port; 0 for a free one.
        where: Where runs run; None for Kubeflow Pipelines if its host is set, else this machine.
        settings: The settings file; None for `viewfinder.toml` in the working directory.
        token_file: File with the tokens that are accepted, one a line.
        state: Folder for what must be known after a restart; None for `retraining` in
            `VIEWFINDER_HOME`.
        say_ready: Called with the address for Alertmanager.

    Raises:
        UsageError: The settings or an argument are wrong.
        PermanentError: The address, the tokens or the folder cannot be used.
        TransientError: A store does not answer.
    """
    from viewfinder_pipelines.retraining.serve import Listening, serve

    known = read_settings(settings)
    serve(
        known,
        _choose_runner(where, known),
        Path(state) if state is not None else Settings().home / _STATE,
        Listening(host, port, Path(token_file) if token_file is not None else None),
        say_ready,
    )


def _choose_runner(where: str | None, known: ClusterSettings) -> Runner:
    if where is None:
        where = "kubeflow" if known.kubeflow.host or os.environ.get("KFP_HOST") else "local"
    if where == "kubeflow":
        from viewfinder_pipelines.retraining.kubeflow_runner import KubeflowRunner

        return KubeflowRunner(known)
    from viewfinder_pipelines.retraining.local_runner import LocalRunner

    return LocalRunner(Settings())
