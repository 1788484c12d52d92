import json

import pytest
from tests.testbed import kserve, templates, versions
from tests.testbed.image_set import controller_image, storage_initializer_image


def document(kind, name, **content):
    return {"kind": kind, "metadata": {"name": name}, **content}


def crd(name, group):
    return document("CustomResourceDefinition", name, spec={"group": group, "conversion": {}})


def test_language_models_and_cert_manager_are_left_out():
    documents = [
        None,  # an empty document between two `---`
        crd("inferenceservices.serving.kserve.io", "serving.kserve.io"),
        crd("llminferenceservices.serving.kserve.io", "serving.kserve.io"),
        crd("inferencepools.inference.networking.k8s.io", "inference.networking.k8s.io"),
        document("Certificate", "serving-cert"),
        document("Deployment", "kserve-controller-manager"),
        document("Deployment", "kserve-localmodel-controller-manager"),
    ]
    names = [one["metadata"]["name"] for one in kserve.select(documents)]
    assert names == ["inferenceservices.serving.kserve.io", "kserve-controller-manager"]


def test_texts_are_dropped_from_definitions_and_properties_are_kept():
    text = {"description": "Long.", "type": "object"}
    properties = {"description": {"type": "string", "description": "Long."}, "many": [text]}
    stripped = kserve.without_descriptions({**text, "properties": properties})
    kept = {"description": {"type": "string"}, "many": [{"type": "object"}]}
    assert stripped == {"type": "object", "properties": kept}


def test_an_object_in_two_files_is_applied_once():
    twice = document("ClusterStorageContainer", "default")
    assert kserve.select([twice, dict(twice)]) == [twice]


def small_install():
    """What KServe's manifests look like, as far as a test bed changes them."""
    manager = {"name": "manager", "image": "kserve/controller:v1", "command": ["/manager"]}
    proxy = {"name": "kube-rbac-proxy", "image": "kube-rbac-proxy:v1"}
    pod = {"template": {"spec": {"containers": [manager, proxy]}}}
    settings = {
        "storageInitializer": '{"image": "kserve/initializer:v1", "memoryLimit": "1Gi"}',
        "ingress": '{"disableIngressCreation": false, "ingressDomain": "example.com"}',
        "deploy": '{"defaultDeploymentMode": "Serverless"}',
    }
    return [
        document("Deployment", kserve.CONTROLLER, spec=pod),
        document("ConfigMap", "inferenceservice-config", data=settings),
        document("ClusterStorageContainer", "default", spec={"container": {"image": "x"}}),
        document("ClusterServingRuntime", "kserve-tensorflow-serving"),
        document("MutatingWebhookConfiguration", "w", webhooks=[{"clientConfig": {}}]),
    ]


@pytest.fixture(params=versions.KSERVE)
def installed(request):
    """The version, the manifests by kind and name, and those that come last."""
    install = kserve.adapt(small_install(), request.param)
    everything = [*install.definitions, *install.controller, *install.late]
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in everything}
    return request.param, by_name, install.late


def test_only_the_manager_runs_and_from_our_image(installed):
    version, found, _ = installed
    (container,) = found["Deployment", kserve.CONTROLLER]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == controller_image(version)
    assert container["imagePullPolicy"] == "Never"
    assert "command" not in container


def test_settings_are_changed_and_the_rest_is_kept(installed):
    version, found, _ = installed
    data = found["ConfigMap", "inferenceservice-config"]["data"]
    initializer, ingress = json.loads(data["storageInitializer"]), json.loads(data["ingress"])
    assert initializer["image"] == storage_initializer_image(version)
    assert initializer["memoryLimit"] == "1Gi"
    assert ingress["disableIngressCreation"] is True
    assert ingress["ingressDomain"] == "example.com"
    assert json.loads(data["deploy"]) == {"defaultDeploymentMode": "Standard"}


def test_a_restricted_namespace_admits_the_storage_initializer(installed):
    version, found, _ = installed
    container = found["ClusterStorageContainer", "default"]["spec"]["container"]
    assert container["image"] == storage_initializer_image(version)
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_what_the_webhook_admits_comes_after_it(installed):
    _, _, late = installed
    assert {one["kind"] for one in late} == {"ClusterServingRuntime", "ClusterStorageContainer"}


def test_every_webhook_knows_the_authority_of_its_certificate(installed):
    _, found, _ = installed
    webhook = found["MutatingWebhookConfiguration", "w"]["webhooks"][0]
    assert webhook["clientConfig"]["caBundle"]
    assert found["Secret", kserve.WEBHOOK_SECRET]["stringData"]["tls.key"].startswith("-----BEGIN")


def test_the_plain_mode_has_another_name_before_0_16():
    assert kserve.standard_mode("0.15.2") == "RawDeployment"
    assert kserve.standard_mode("0.16.0") == kserve.standard_mode("0.20.0") == "Standard"


def test_our_own_manifests_use_the_addresses_and_images_they_are_given():
    values = {"minio_image": "m:1", "gcs_image": "g:1", "volumes": "/v"}
    places = {"s3_address": "10.97.0.20", "gcs_address": "10.97.0.21"}
    found = {(one["kind"], one["metadata"]["name"]): one for one in load_stores(values | places)}
    assert found["Service", "s3"]["spec"]["clusterIP"] == "10.97.0.20"
    pod = found["Deployment", "gcs"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "g:1"
    assert pod["volumes"][0]["hostPath"]["path"] == "/v/gcs"
    with pytest.raises(KeyError, match="volumes"):
        load_stores({"minio_image": "m:1", "gcs_image": "g:1", **places})


def load_stores(values):
    return templates.load("stores", **values)
