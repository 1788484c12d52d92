"""Whether the namespace's quotas admit a rollout, in addition to everything that runs there."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from viewfinder_components.deployment.kubernetes.cluster import Object
from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.doctor.install import Install
from viewfinder_pipelines.doctor.room import count_first

NAME = "quota"

# Of the scopes a quota may have, those that include a predictor's pod.
_OURS = {"NotTerminating", "NotBestEffort"}


def examine_quota(install: Install) -> Iterator[Finding]:
    """Check that every ResourceQuota leaves room for the predictors of a rollout."""
    found = install.read(install.core("resourcequotas"), "the namespace's quotas") or {}
    quotas = [quota for quota in found.get("items", []) if concerns_predictors(quota)]
    if not quotas:
        yield Finding(NAME, FindingState.OK, "the namespace has none for predictors")
        return
    pods = (install.read(install.core("pods"), "the namespace's pods") or {}).get("items", [])
    count, config = count_first(pods, install) + 1, install.deploy_config
    yield judge_quotas(quotas, ask_for(config.predictor_cpu, config.predictor_memory), count)


def concerns_predictors(quota: Object) -> bool:
    """Whether a quota counts the pods of predictors; one with a scope counts only some pods."""
    spec = quota.get("spec", {})
    return set(spec.get("scopes") or []) <= _OURS and not spec.get("scopeSelector")


def ask_for(cpu: str, memory: str) -> dict[str, str]:
    """Return how much a predictor uses of each resource that a quota can limit.

    Its limits are its requests. See
    https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota
    """
    asked = {"pods": "1", "count/pods": "1"}
    for prefix in ("", "requests.", "limits."):
        asked |= {f"{prefix}cpu": cpu, f"{prefix}memory": memory}
    return asked


def judge_quotas(quotas: Iterable[Object], asked: Mapping[str, str], count: int) -> Finding:
    """Report whether the predictors to start are within the quotas.

    Args:
        quotas: The namespace's.
        asked: What a predictor uses of each resource, as returned by `ask_for`.
        count: How many predictors to start, for a rollout.
    """
    short = [text for quota in quotas for text in _find_short(quota, asked, count)]
    if not short:
        return Finding(NAME, FindingState.OK, f"leaves room for {_predictors(count)}")
    return Finding(
        NAME,
        FindingState.WARNING,
        f"too little for {_predictors(count)}, which a rollout needs: {'; '.join(short)}",
        "raise the ResourceQuota, or set a smaller predictor_cpu or predictor_memory under "
        "[parameters] in viewfinder.toml or when you deploy",
    )


def _find_short(quota: Object, asked: Mapping[str, str], count: int) -> Iterator[str]:
    from kubernetes.utils import parse_quantity

    status = quota.get("status", {})
    used = status.get("used") or {}
    for resource, hard in (status.get("hard") or {}).items():
        if resource not in asked:
            continue
        taken = used.get(resource, "0")
        left = Decimal(parse_quantity(hard)) - Decimal(parse_quantity(taken))
        if left < count * Decimal(parse_quantity(asked[resource])):
            name = quota["metadata"]["name"]
            yield f"{name} has {taken} of {hard} {resource} in use, each needs {asked[resource]}"


def _predictors(count: int) -> str:
    return "one more predictor" if count == 1 else f"{count} predictors"
