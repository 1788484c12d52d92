"""All deployment targets; no other module in this package refers to a specific one."""

from viewfinder_components.deployment.kserve.target import KServeTarget
from viewfinder_components.deployment.target import Target

TARGETS: dict[str, type[Target]] = {"kserve": KServeTarget}
"""The targets by name."""
