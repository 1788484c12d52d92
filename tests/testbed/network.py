"""The cable between the machine and the node, and the machine's routes through it.

The machine's own rules stay untouched: no iptables rule, no forwarding. Routes go with the cable.
"""

import ipaddress
import json
import time
from contextlib import suppress
from pathlib import Path

from tests.testbed.addresses import AddressPlan, Network
from tests.testbed.commands import run

from viewfinder_components.errors import PermanentError, TransientError

_NODE_INTERFACE = "eth0"
_REMOVE_SECONDS = 15


def connect(addresses: AddressPlan, node: int) -> None:
    """Lay the cable and set the routes.

    Args:
        addresses: The test bed's addresses.
        node: The id of the node's first process.
    """
    here, length = addresses.interface, addresses.link.prefixlen
    run(
        "ip", "link", "add", here, "type", "veth",
        "peer", "name", _NODE_INTERFACE, "netns", str(node),
    )  # fmt: skip
    run("ip", "address", "add", f"{addresses.machine_end}/{length}", "dev", here)
    run("ip", "link", "set", here, "up")
    there = ("nsenter", "--target", str(node), "--net", "ip")
    run(*there, "address", "add", f"{addresses.node_end}/{length}", "dev", _NODE_INTERFACE)
    run(*there, "link", "set", _NODE_INTERFACE, "up")
    run(*there, "route", "add", "default", "via", addresses.machine_end)
    for network in addresses.routed:
        run("ip", "route", "add", str(network), "via", addresses.node_end, "dev", here)


def disconnect(addresses: AddressPlan) -> None:
    """Remove the cable, and with it the routes.

    Raises:
        TransientError: It is still there after a while.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    while is_connected(addresses):
        # the kernel removes it by itself when the node ends, a moment later: both is right
        with suppress(PermanentError):
            run("ip", "link", "delete", addresses.interface)
        if time.monotonic() > deadline:
            raise TransientError(
                f"the interface {addresses.interface} to go", "still there", "run `down` again"
            )


def is_connected(addresses: AddressPlan) -> bool:
    """Tell whether the cable's end on this machine exists."""
    return Path("/sys/class/net", addresses.interface).exists()


def machine_networks() -> list[Network]:
    """Return the destinations of the machine's routes, without the default route."""
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all"))
    found = (route["dst"] for route in routes if route["dst"] != "default")
    return [ipaddress.IPv4Network(network, strict=False) for network in found]
