"""Which addresses a test bed uses: each has a number, and ranges that follow from it.

All ranges are private (RFC 1918). They live in the test bed's own network namespace; the machine
only gets routes to them, so that tests reach pods and services as if they ran on the node.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError

NUMBERS = range(1, 61)
API_PORT = 6443

Network = ipaddress.IPv4Network


@dataclass(frozen=True)
class AddressPlan:
    """The addresses of the test bed with this number.

    Attributes:
        number: 1 to 60; two test beds of one machine have two numbers.
    """

    number: int

    def __post_init__(self) -> None:
        if self.number not in NUMBERS:
            raise PermanentError(
                f"a number from {NUMBERS[0]} to {NUMBERS[-1]}",
                str(self.number),
                "choose one that no other test bed has",
            )

    @property
    def node(self) -> str:
        """The node's address, where the API server and the kubelet listen."""
        return f"10.{10 + self.number}.0.1"

    @property
    def services(self) -> Network:
        """The range of the Services' cluster addresses."""
        return Network(f"10.{96 + self.number}.0.0/16")

    @property
    def pods(self) -> Network:
        """The range of the pods' addresses: one node's worth."""
        return Network(f"10.{160 + self.number}.0.0/24")

    @property
    def link(self) -> Network:
        """The cable between the machine and the node: two addresses."""
        return Network(f"172.30.{self.number}.0/30")

    @property
    def machine_end(self) -> str:
        """The machine's end of the cable; pods reach the machine here."""
        return str(self.link[1])

    @property
    def node_end(self) -> str:
        """The node's end of the cable: the gateway of every route."""
        return str(self.link[2])

    @property
    def kubernetes(self) -> str:
        """The Service `kubernetes.default`: Kubernetes takes the first address."""
        return str(self.services[1])

    @property
    def dns(self) -> str:
        """The cluster's name server."""
        return str(self.services[10])

    @property
    def s3(self) -> str:
        """The S3 store's Service."""
        return str(self.services[20])

    @property
    def gcs(self) -> str:
        """The Cloud Storage server's Service."""
        return str(self.services[21])

    @property
    def api_url(self) -> str:
        """Where clients find the API server."""
        return f"https://{self.node}:{API_PORT}"

    @property
    def interface(self) -> str:
        """The name of the cable's end on this machine; at most 15 characters."""
        return f"vf-testbed{self.number}"

    @property
    def routed(self) -> list[Network]:
        """The ranges that this machine reaches through the cable."""
        return [Network(f"{self.node}/32"), self.services, self.pods]

    def overlaps(self, others: Iterable[Network]) -> bool:
        """Tell whether any of its ranges is part of another network."""
        mine = [*self.routed, self.link]
        return any(ours.overlaps(other) for other in others for ours in mine)


def choose(taken: Iterable[int], networks: Iterable[Network]) -> AddressPlan:
    """Return the first plan that no test bed has and whose ranges the machine does not use.

    Args:
        taken: The numbers of the test beds that exist.
        networks: The destinations of the machine's routes, without the default route.

    Raises:
        PermanentError: There is none.
    """
    taken, networks = set(taken), list(networks)
    for number in NUMBERS:
        plan = AddressPlan(number)
        if number not in taken and not plan.overlaps(networks):
            return plan
    raise PermanentError(
        "a free range of addresses",
        f"{len(taken)} test beds and {len(networks)} networks on this machine",
        "take one down (`python -m tests.testbed status` lists them)",
    )
