"""What Viewfinder uses of kfp that kfp does not promise to keep: all of it, and why.

pyproject.toml keeps kfp below the first release that this was not tried with.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import kfp


def api_client(client: "kfp.Client") -> Any:
    """Return the signed-in connection under a `kfp.Client`.

    KFP's API has methods that `kfp.Client` does not offer (a run's workflow, a pod's log), or
    offers only together with printing an address of its own (a run, an upload). They are public in
    kfp_server_api, and want this connection; it is the only way to sign in as `kfp.Client` does.
    """
    return client._run_api.api_client


def request_headers(connection: Any) -> dict[str, str]:
    """Return the headers with which a connection says who asks.

    The generated client adds the cookie in `call_api` alone, which cannot return plain text.
    """
    headers: dict[str, str] = dict(connection.default_headers)
    connection.update_params_for_auth(headers, [], ["Bearer"])
    if connection.cookie:
        headers["Cookie"] = connection.cookie
    return headers


def http_pool(connection: Any) -> Any:
    """Return the urllib3 pool that a connection sends its requests by.

    It has the certificates and proxies that `kfp.Client` was set up with.
    """
    return connection.rest_client.pool_manager
