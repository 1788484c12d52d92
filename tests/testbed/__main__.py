"""A Kubernetes with KServe and object stores on this machine, for the tests.

python -m tests.testbed setup       # once: install what is missing
python -m tests.testbed up
export KUBECONFIG=$(python -m tests.testbed kubeconfig)
python -m tests.testbed down
"""

import sys
from pathlib import Path
from typing import Any

import click
from tests.testbed.versions import DEFAULT_KSERVE, KSERVE

from viewfinder_components.errors import ViewfinderError

_name = click.option("--name", default="default", show_default=True, help="Which test bed.")
_kserve = click.option(
    "--kserve", default=DEFAULT_KSERVE, show_default=True, help=f"One of {', '.join(KSERVE)}."
)
_knative = click.option(
    "--knative/--no-knative", default=True, show_default=True, help="With Knative Serving?"
)


class _Group(click.Group):
    """Print our errors as sentences, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ViewfinderError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


@click.group(
    cls=_Group,
    help=__doc__.partition("\n")[0],
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    pass


@main.command()
def setup() -> None:
    """Install the Debian packages that are missing."""
    from tests.testbed import machine

    machine.install_packages()
    machine.check()


@main.command()
@_kserve
@_knative
def build(kserve: str, knative: bool) -> None:
    """Build what the cache lacks, and start nothing."""
    from tests.testbed import testbed

    testbed.build(kserve, with_knative=knative)


@main.command("build-programs")
def build_programs() -> None:
    """Build what the tests without a cluster start: object stores, and kubectl if it is missing."""
    from tests.testbed import programs

    for store in (programs.MINIO, programs.GCS):
        click.echo(programs.build(store))
    click.echo(programs.find_kubectl())


@main.command("actionlint")
def actionlint() -> None:
    """Build the linter of GitHub's workflows, and print its path."""
    from tests.testbed import programs

    click.echo(programs.build(programs.ACTIONLINT) / "actionlint")


@main.command("images-folder")
def images_folder() -> None:
    """Print the folder for archives of the project's own images."""
    from tests.testbed.cache import home

    click.echo(home() / "project-images")


@main.command("base-image")
def base_image() -> None:
    """Give buildah the image on which the project's images can be built; print its name."""
    from tests.testbed import testbed

    click.echo(testbed.give_base_image())


@main.command()
@_name
@_kserve
@_knative
@click.option(
    "--number", type=int, help="Its addresses, 1 to 60.  [default: the first that is free]"
)
def up(name: str, kserve: str, knative: bool, number: int | None) -> None:
    """Bring a test bed up."""
    from tests.testbed import testbed

    testbed.up(name, kserve, number, with_knative=knative)


@main.command()
@_name
def down(name: str) -> None:
    """Take a test bed down; nothing of it is left but the cache."""
    from tests.testbed import testbed

    testbed.down(name)


@main.command()
def status() -> None:
    """List the test beds."""
    from tests.testbed import testbed

    for line in testbed.status():
        click.echo(line)


@main.command()
@_name
def kubeconfig(name: str) -> None:
    """Print the path of a test bed's kubeconfig."""
    from tests.testbed.run_folder import RunFolder

    click.echo(RunFolder(name).kubeconfig)


@main.command()
@_name
@click.argument("archives", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def load(name: str, archives: tuple[Path, ...]) -> None:
    """Import image archives (docker-archive or OCI) into a running test bed."""
    from tests.testbed import testbed

    for archive in archives:
        testbed.load(name, archive)


if __name__ == "__main__":
    main(prog_name="python -m tests.testbed")
