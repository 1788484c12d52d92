"""Everything Viewfinder uses of kfp that is not part of its stable API, and why.

pyproject.toml keeps kfp below the first release that this was not tested with.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import kfp


def api_client(client: "kfp.Client") -> Any:
    """Return the authenticated connection of a `kfp.Client`.

    KFP's API has methods that `kfp.Client` does not have (a run's workflow, a pod's log), or has
    only while printing its own address (a run, an upload). They are public in
    kfp_server_api, and need this connection; it is the only way to log in as `kfp.Client` does.
    """
    return client._run_api.api_client


def request_headers(connection: Any) -> dict[str, str]:
    """Return the headers with which a connection identifies its user.

    The generated client only adds the cookie in `call_api`, which cannot return plain text.
    """
    headers: dict[str, str] = dict(connection.default_headers)
    connection.update_params_for_auth(headers, [], ["Bearer"])
    if connection.cookie:
        headers["Cookie"] = connection.cookie
    return headers


def http_pool(connection: Any) -> Any:
    """Return the urllib3 pool through which a connection sends its requests.

    It uses the certificates and proxies that `kfp.Client` was set up with.
    """
    return connection.rest_client.pool_manager
