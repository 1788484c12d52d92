"""Record what an API server answers doctor in every state.

python -m tests.doctor.recorder
"""

import os
import ssl
import tempfile
from pathlib import Path

import click
from tests.doctor.recorder import cluster
from tests.doctor.recorder.answers import collect, save
from tests.doctor.recorder.api_server import Recorder
from tests.doctor.recorder.changes import CHANGES
from tests.doctor.recorder.cluster import Admin
from tests.doctor.states import ADMIN, NOBODY, STATES, STRANGER, State, write_kubeconfig
from tests.fixtures.loopback import running

from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_pipelines.doctor.examine import examine

RECORDED = Path(__file__).parents[1] / "recorded"


@click.command()
def main() -> None:
    """Record what an API server answers doctor in every state."""
    os.environ.pop("KFP_HOST", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with cluster.running_cluster(folder) as kubeconfig:
            os.environ["KUBECONFIG"] = str(kubeconfig)
            with Cluster.connect() as connection:
                admin = Admin(connection)
                cluster.add_nodes(admin)
                for state in STATES.values():
                    _record(admin, state, folder)


def _record(admin: Admin, state: State, folder: Path) -> None:
    own = admin.in_namespace(state.name)
    CHANGES[state.name](own)
    with running(Recorder(admin.cluster.configuration.host, _trust())) as recorder:
        kubeconfig = write_kubeconfig(folder / "asker", recorder.url, _token(own, state.asker))
        os.environ["KUBECONFIG"] = str(kubeconfig)
        for finding in examine(state.config, lambda _: None):
            click.echo(f"{state.name}: {finding.state.value} {finding.name}: {finding.text}")
    save(collect(recorder.answers), RECORDED / f"{state.name}.json")


def _token(admin: Admin, asker: str) -> str:
    if asker == ADMIN:
        return str(admin.cluster.configuration.get_api_key_with_prefix("authorization")).split()[-1]
    return asker if asker in {NOBODY, STRANGER} else admin.token(asker)


def _trust() -> ssl.SSLContext:
    """Return that any certificate will do: the server made its own a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    main()
