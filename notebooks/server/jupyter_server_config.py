"""JupyterLab's settings in the notebook server's image."""

import os
from typing import Any

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  (Jupyter defines it)

c.ServerApp.ip = "0.0.0.0"  # noqa: S104  (the pod's address; a Service leads to it)
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0  # Kubeflow's Service knows this port only
c.ServerApp.open_browser = False
c.ServerApp.root_dir = os.environ["HOME"]

# Kubeflow's notebook controller sets NB_PREFIX, under which Kubeflow's gateway forwards only
# requests of users that may enter the namespace. Everywhere else Jupyter asks for its token.
if prefix := os.environ.get("NB_PREFIX"):
    c.ServerApp.base_url = prefix
    c.IdentityProvider.token = ""
