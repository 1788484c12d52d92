"""What the test bed makes of Knative's manifests and objects, before any of it runs."""

import json
from typing import Any

from tests.testbed.knative import select
from tests.testbed.knative_ingress.envoy_config import (
    EXTERNAL,
    INTERNAL,
    assignment,
    backends_of,
    cluster_name,
    response,
    route_table,
    select_routed,
)

OLD = {"serviceNamespace": "team", "serviceName": "fruit-00001", "servicePort": 80}
NEW = OLD | {"serviceName": "fruit-00002"}
INSIDE, OUTSIDE = "fruit.team.svc.cluster.local", "fruit.team.knative.test"


def ingress(created: str = "2026-01-01T00:00:00Z", **path: Any) -> dict[str, Any]:
    """A KIngress as Knative writes it: a name inside the cluster, and one outside."""
    splits = [
        OLD | {"percent": 90, "appendHeaders": {"Knative-Serving-Revision": "fruit-00001"}},
        NEW | {"percent": 10},
    ]
    http = {"paths": [{"splits": splits} | path]}
    rules = [
        {"hosts": [INSIDE], "visibility": "ClusterLocal", "http": http},
        {"hosts": [OUTSIDE], "visibility": "ExternalIP", "http": http},
    ]
    return {"metadata": {"creationTimestamp": created}, "spec": {"rules": rules}}


def first_route(table: dict[str, Any], path: int = 0) -> dict[str, Any]:
    return dict(table["virtual_hosts"][0]["routes"][path])


def test_only_visible_hosts_are_served_outside() -> None:
    hosts = {
        name: [one["name"] for one in route_table([ingress()], name)["virtual_hosts"]]
        for name in (EXTERNAL, INTERNAL)
    }
    assert hosts == {EXTERNAL: [OUTSIDE], INTERNAL: [OUTSIDE, INSIDE]}


def test_requests_are_split_by_weight_and_carry_the_revisions_headers() -> None:
    route = first_route(route_table([ingress()], EXTERNAL))
    clusters = route["route"]["weighted_clusters"]["clusters"]
    assert [(one["name"], one["weight"]) for one in clusters] == [
        ("team_fruit-00001_80", 90),
        ("team_fruit-00002_80", 10),
    ]
    (header,) = clusters[0]["request_headers_to_add"]
    assert header["header"] == {"key": "Knative-Serving-Revision", "value": "fruit-00001"}


def test_a_split_without_requests_is_left_out() -> None:
    splits = [OLD | {"percent": 0}, NEW | {"percent": 100}]
    found = ingress(splits=splits)
    clusters = first_route(route_table([found], EXTERNAL))["route"]["weighted_clusters"]["clusters"]
    assert [one["name"] for one in clusters] == [cluster_name(NEW)]
    assert list(backends_of([found])) == [cluster_name(NEW)]


def test_the_host_is_rewritten_and_headers_are_matched() -> None:
    found = ingress(rewriteHost=INSIDE, headers={"Knative-Tag": {"exact": "new"}})
    route = first_route(route_table([found], EXTERNAL))
    assert route["route"]["host_rewrite_literal"] == INSIDE
    assert route["match"]["headers"] == [{"name": "Knative-Tag", "string_match": {"exact": "new"}}]


def test_of_two_that_name_a_host_the_older_has_it() -> None:
    """Envoy refuses a whole table that names a host twice."""
    later = ingress("2026-01-02T00:00:00Z", splits=[NEW])
    table = route_table([later, ingress()], EXTERNAL)
    assert len(table["virtual_hosts"]) == 1
    assert len(first_route(table)["route"]["weighted_clusters"]["clusters"]) == 2


def test_a_backend_is_its_services_ready_addresses_at_the_named_port() -> None:
    key = ("team", "fruit-00001")
    services = {key: {"spec": {"ports": [{"name": "http", "port": 80}, {"name": "x", "port": 81}]}}}
    ports = [{"name": "http", "port": 8012}, {"name": "x", "port": 9}]
    subset = {
        "addresses": [{"ip": "10.0.0.7"}],
        "notReadyAddresses": [{"ip": "10.0.0.8"}],
        "ports": ports,
    }
    found = assignment(OLD, services, {key: {"subsets": [subset]}})
    (endpoint,) = found["endpoints"][0]["lb_endpoints"]
    address = endpoint["endpoint"]["address"]["socket_address"]
    assert address == {"address": "10.0.0.7", "port_value": 8012}
    assert assignment(OLD, services, {})["endpoints"] == [{"lb_endpoints": []}]


def test_new_routes_wait_for_the_endpoints_of_all_their_backends() -> None:
    """After the API server was away, what is known of Endpoints may be older than the routes."""
    key = ("team", "fruit")
    before, now = ingress(splits=[OLD | {"percent": 100}]), ingress()
    for one in (before, now):
        one["metadata"] |= {"namespace": "team", "name": "fruit"}
    old, new = cluster_name(OLD), cluster_name(NEW)
    assert select_routed([now], {}, {old}) == {}
    assert select_routed([now], {key: before}, {old}) == {key: before}
    assert select_routed([now], {key: before}, {old, new}) == {key: now}
    assert select_routed([], {key: before}, {old, new}) == {}


def test_a_file_changes_its_version_with_its_content() -> None:
    one, other = response([OLD]), response([NEW])
    assert one == response([dict(reversed(OLD.items()))])[:1] + one[1:]
    assert one[0] != other[0]
    assert json.loads(one[1])["version_info"] == one[0]


def test_manifests_without_a_use_here_are_left_out() -> None:
    kinds = ("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Image", "Certificate")
    documents: list[dict[str, Any] | None] = [None, *({"kind": kind} for kind in kinds)]
    assert [one["kind"] for one in select(documents)] == ["Deployment"]
