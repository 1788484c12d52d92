"""Every version the test bed pins, in one place. What is built from one is cached under it."""

from viewfinder_components.errors import PermanentError

GO = (1, 26)
DEBIAN_SUITE = "bookworm"  # the Python images; its Python is the project's 3.11
NEWER_SUITE = "forky"  # containerd 2 and etcd 3.5; they need only glibc 2.34
KSERVE = ("0.20.0", "0.16.0")  # the newest that is a Go module, and one before the modes' renaming
DEFAULT_KSERVE = KSERVE[0]

# Installed on this machine by `python -m tests.testbed setup`: each package with the program for
# which it is needed. A machine that has the program from elsewhere, as Docker's own package
# containerd.io brings runc, keeps that one; "" is needed for its files.
APT_PACKAGES = {
    "buildah": "buildah",  # makes images without a daemon
    "ca-certificates": "",
    "conntrack": "conntrack",  # kube-proxy
    "containernetworking-plugins": "",  # bridge, host-local, loopback, portmap
    "debian-archive-keyring": "",  # Ubuntu does not have it by default
    "debootstrap": "debootstrap",  # the Python images' base
    "iproute2": "ip",
    "ipset": "ipset",  # kube-proxy
    "iptables": "iptables",  # kube-proxy
    "runc": "runc",
    "socat": "socat",  # kubectl port-forward
}

# Unpacked into the cache, not installed.
NEWER_PACKAGES = ("containerd", "etcd-server")


def check_kserve(version: str) -> None:
    """Refuse a KServe that cannot be built from a Go module.

    Raises:
        PermanentError: The version is not one of `KSERVE`.
    """
    if version not in KSERVE:
        raise PermanentError(
            f"KServe {' or '.join(KSERVE)}",
            version,
            "add it to tests/testbed/versions.py and tests/testbed/go if its Go module exists",
        )
