"""What Envoy is told: route tables, clusters and endpoints, made from Kubernetes' objects.

Plain functions of plain dictionaries, without any package: this file runs in a pod. The fields are
those of `knative.dev/networking/pkg/apis/networking/v1alpha1` and of Envoy's API, version 3.
"""

import hashlib
import json
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name."""

CLASS = "testbed.ingress.networking.knative.dev"
"""The ingress class whose objects are ours."""
EXTERNAL, INTERNAL = "external", "internal"
PORTS = {EXTERNAL: 8080, INTERNAL: 8081}
ADMIN_PORT = 9901
_TYPE = "type.googleapis.com/envoy"
_CLUSTER = f"{_TYPE}.config.cluster.v3.Cluster"
_ASSIGNMENT = f"{_TYPE}.config.endpoint.v3.ClusterLoadAssignment"
_ROUTES = f"{_TYPE}.config.route.v3.RouteConfiguration"
_MANAGER = f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPE}.extensions.filters.http.router.v3.Router"
# Nothing of a request that never left is lost or done twice by sending it again.
_RETRIES = {"retry_on": "connect-failure,refused-stream", "num_retries": 3}


def key_of(found: Object) -> Key:
    """Return an object's namespace and name."""
    return found["metadata"]["namespace"], found["metadata"]["name"]


def bootstrap(folder: str) -> Object:
    """Return what Envoy starts with: two listeners, and the files it watches.

    Args:
        folder: Where the files are.
    """
    return {
        "node": {"id": "ingress", "cluster": "ingress"},
        "admin": {"address": _address("127.0.0.1", ADMIN_PORT)},
        "dynamic_resources": {"cds_config": _file(f"{folder}/clusters.json")},
        "static_resources": {"listeners": [_listener(name, folder) for name in PORTS]},
    }


def _listener(name: str, folder: str) -> Object:
    manager = {
        "@type": _MANAGER,
        "stat_prefix": name,
        "rds": {"route_config_name": name, "config_source": _file(f"{folder}/{name}.json")},
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    address = _address("0.0.0.0", PORTS[name])  # noqa: S104  (a pod's own)
    return {"name": name, "address": address, "filter_chains": [chain]}


def route_table(ingresses: list[Object], name: str) -> Object:
    """Return a listener's hosts and where their requests go.

    Args:
        ingresses: KIngress objects. Of two that name the same host the older one has it.
        name: EXTERNAL serves what is visible from outside, INTERNAL everything.
    """
    hosts: dict[str, Object] = {}
    for ingress in sorted(ingresses, key=lambda one: one["metadata"]["creationTimestamp"]):
        for rule in ingress["spec"].get("rules") or []:
            if name == EXTERNAL and rule.get("visibility") == "ClusterLocal":
                continue
            routes = [_route(path) for path in _most_special_first(rule["http"]["paths"])]
            for host in rule["hosts"]:
                domains = [host, f"{host}:*"]
                hosts.setdefault(host, {"name": host, "domains": domains, "routes": routes})
    return {
        "@type": _ROUTES,
        "name": name,
        "virtual_hosts": [hosts[host] for host in sorted(hosts)],
    }


def _most_special_first(paths: list[Object]) -> list[Object]:
    return sorted(
        paths, key=lambda path: (-len(path.get("path", "")), -len(path.get("headers") or {}))
    )


def _route(path: Object) -> Object:
    headers = [
        {"name": header, "string_match": {"exact": match["exact"]}}
        for header, match in (path.get("headers") or {}).items()
    ]
    action: Object = {
        "weighted_clusters": {"clusters": [_weighted(split) for split in _splits_of(path)]},
        "timeout": "0s",  # Knative's own limit is the revision's
        "retry_policy": _RETRIES,
    }
    if path.get("rewriteHost"):
        action["host_rewrite_literal"] = path["rewriteHost"]
    return {
        "match": {"prefix": path.get("path") or "/", "headers": headers},
        "route": action,
        "request_headers_to_add": _set_headers(path.get("appendHeaders")),
    }


def _splits_of(path: Object) -> list[Object]:
    """Return the splits that get requests; one without a percentage gets them all."""
    return [split for split in path["splits"] if split.get("percent", 100)]


def _weighted(split: Object) -> Object:
    return {
        "name": cluster_name(split),
        "weight": split.get("percent", 100),
        "request_headers_to_add": _set_headers(split.get("appendHeaders")),
    }


def _set_headers(headers: dict[str, str] | None) -> list[Object]:
    return [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in (headers or {}).items()
    ]


def cluster_name(split: Object) -> str:
    """Return how a split's backend is called in Envoy, which is a file's name as well."""
    return "_".join(str(split[key]) for key in ("serviceNamespace", "serviceName", "servicePort"))


def backends_of(ingresses: list[Object]) -> dict[str, Object]:
    """Return every backend that an ingress names, by its cluster's name."""
    return {
        cluster_name(split): split
        for ingress in ingresses
        for rule in ingress["spec"].get("rules") or []
        for path in rule["http"]["paths"]
        for split in _splits_of(path)
    }


def select_routed(
    ingresses: list[Object], before: dict[Key, Object], reached: set[str]
) -> dict[Key, Object]:
    """Return the ingresses to route for, by namespace and name.

    Args:
        ingresses: All, as they are now.
        before: Those that were routed for. One stays as it was until the backends of its new form
            can be reached.
        reached: The clusters' names of all backends that have endpoints.
    """
    now = {key_of(one): one for one in ingresses if backends_of([one]).keys() <= reached}
    return {
        key: now.get(key, before.get(key))
        for key in map(key_of, ingresses)
        if key in now or key in before
    }


def cluster(name: str, folder: str) -> Object:
    """Return a cluster whose endpoints are in a file of its own."""
    return {
        "@type": _CLUSTER,
        "name": name,
        "type": "EDS",
        "connect_timeout": "1s",
        "eds_cluster_config": {"eds_config": _file(f"{folder}/endpoints-{name}.json")},
    }


def assignment(split: Object, services: dict[Key, Object], endpoints: dict[Key, Object]) -> Object:
    """Return where a backend's requests go now: its Service's ready endpoints.

    Args:
        split: The backend.
        services: All Services.
        endpoints: All Endpoints.
    """
    key = (split["serviceNamespace"], split["serviceName"])
    ports = services.get(key, {}).get("spec", {}).get("ports") or []
    names = [
        port.get("name")
        for port in ports
        if split["servicePort"] in (port["port"], port.get("name"))
    ]
    addresses = [
        {"endpoint": {"address": _address(address["ip"], port["port"])}}
        for subset in endpoints.get(key, {}).get("subsets") or []
        for port in subset.get("ports") or []
        if port.get("name") in names
        for address in subset.get("addresses") or []
    ]
    name = cluster_name(split)
    return {"@type": _ASSIGNMENT, "cluster_name": name, "endpoints": [{"lb_endpoints": addresses}]}


def response(resources: list[Object]) -> tuple[str, str]:
    """Return a file's version and its content."""
    version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:12]
    return version, json.dumps({"version_info": version, "resources": resources})


def _address(host: str, port: int) -> Object:
    return {"socket_address": {"address": host, "port_value": port}}


def _file(path: str) -> Object:
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}
