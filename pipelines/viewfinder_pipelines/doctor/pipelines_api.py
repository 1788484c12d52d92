"""Whether Kubeflow Pipelines is running and grants us access."""

import json
import os
import re
from collections.abc import Iterator
from urllib.parse import urlencode

from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.settings.file import KubeflowSettings

OLDEST, NEWEST = (2, 14), (2, 17)
"""The versions of Kubeflow Pipelines that Viewfinder is known to work with."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def is_address_known(settings: KubeflowSettings) -> bool:
    """Whether the API's or the UI's address is known; in a pod, the name of the Service is."""
    from viewfinder_pipelines.kubeflow.client import is_in_cluster

    return bool(settings.host) or "KFP_HOST" in os.environ or is_in_cluster()


def examine_pipelines(settings: KubeflowSettings) -> Iterator[Finding]:
    """Request the API's version and our runs."""
    from viewfinder_pipelines.kubeflow.client import connect

    kubeflow = connect(settings)
    health = json.loads(kubeflow.get("/apis/v2beta1/healthz"))
    # The UI returns the API's version under another name.
    tag = health.get("tag_name") or health.get("apiServerTagName") or ""
    yield _judge_version(str(tag), kubeflow.host)
    query = {"page_size": 1} | ({"namespace": kubeflow.namespace} if kubeflow.namespace else {})
    kubeflow.get(f"/apis/v2beta1/runs?{urlencode(query)}")
    where = f"in namespace {kubeflow.namespace}" if kubeflow.namespace else "without profiles"
    yield Finding("pipelines token", FindingState.OK, f"accepted, {where}")


def _judge_version(tag: str, host: str) -> Finding:
    found = _VERSION.match(tag)
    text = f"{tag if found else 'a build without a version'} at {host}"
    if found and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST:
        return Finding("Kubeflow Pipelines", FindingState.OK, text)
    known = " to ".join(".".join(map(str, end)) for end in (OLDEST, NEWEST))
    remedy = f"use Kubeflow Pipelines {known}, or report how this version works"
    return Finding("Kubeflow Pipelines", FindingState.WARNING, f"{text}; tested: {known}", remedy)
