"""The command that starts runs when alerts fire or new photos appear."""

import logging
from pathlib import Path
from typing import Literal

import click

from viewfinder.cli.group import FilePath, StrictCommand
from viewfinder.cli.output import say


@click.command(cls=StrictCommand)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True)
@click.option("--settings", type=FilePath(), help="Settings file.  [default: viewfinder.toml]")
@click.option(
    "--on",
    "where",
    type=click.Choice(["local", "kubeflow"]),
    help="Where runs run.  [default: Kubeflow Pipelines if its host is set, else this machine]",
)
@click.option("--token-file", type=FilePath(), help="File with tokens to accept, one a line.")
@click.option(
    "--state",
    type=FilePath(),
    help="Folder of what must be known after a restart.  [default: .viewfinder/retraining]",
)
def receive(
    host: str,
    port: int,
    settings: Path | None,
    where: Literal["local", "kubeflow"] | None,
    token_file: Path | None,
    state: Path | None,
) -> None:
    """Start runs when Alertmanager reports an alert, or when new photos have appeared.

    The settings file says which alerts and how many photos, and with which parameters
    (docs/retraining.md). Ctrl-C ends the command; a run on this machine is then interrupted, and
    resumed when the command is started again.
    """
    from viewfinder.retraining import receive_until_interrupted

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    receive_until_interrupted(
        host,
        port,
        where=where,
        settings=settings,
        token_file=token_file,
        state=state,
        say_ready=lambda url: say(f"Receiving alerts at {url}"),
    )
