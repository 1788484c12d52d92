"""All ways to serve, in the order of the table."""

from viewfinder_comparison.servers.bentoml.server import SERVER as BENTOML
from viewfinder_comparison.servers.fastapi.server import SERVER as FASTAPI
from viewfinder_comparison.servers.flask.server import SERVER as FLASK
from viewfinder_comparison.servers.gunicorn.server import SERVER as GUNICORN
from viewfinder_comparison.servers.kserve.server import SERVER as KSERVE
from viewfinder_comparison.servers.litserve.server import SERVER as LITSERVE
from viewfinder_comparison.servers.mlserver.server import SERVER as MLSERVER
from viewfinder_comparison.servers.mosec.server import SERVER as MOSEC
from viewfinder_comparison.servers.openvino_model_server.server import SERVER as OPENVINO
from viewfinder_comparison.servers.server import Server
from viewfinder_comparison.servers.tensorflow_serving.server import SERVER as TENSORFLOW_SERVING
from viewfinder_comparison.servers.triton.server import SERVER as TRITON
from viewfinder_comparison.servers.viewfinder.server import CHOSEN, TENSORFLOW, VIEWFINDER

SERVERS: dict[str, Server] = {
    server.name: server
    for server in (
        VIEWFINDER,
        CHOSEN,
        TENSORFLOW,
        FLASK,
        GUNICORN,
        FASTAPI,
        KSERVE,
        MOSEC,
        LITSERVE,
        BENTOML,
        MLSERVER,
        TRITON,
        TENSORFLOW_SERVING,
        OPENVINO,
    )
}
"""By name."""
