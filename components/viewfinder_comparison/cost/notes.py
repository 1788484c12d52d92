"""What every plan takes as given, and what it leaves out."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewfinder_comparison.cost.priced_option import PricedOption

ASSUMPTIONS: "tuple[tuple[Callable[[Sequence[PricedOption]], bool], str], ...]" = (
    (
        lambda options: any(one.option.vcpus for one in options),
        "Capacity grows with the vCPUs of a replica: one with twice the cores of the machine that "
        "was measured answers twice as many queries. A vCPU of a cloud is usually half of a core, "
        "so measure on the machine type that you will pay for.",
    ),
    (
        lambda options: any(one.option.scaling in ("replicas", "zero") for one in options),
        "Replicas follow the load at once, and are counted anew for each part of the day.",
    ),
    (
        lambda options: any(one.stops for one in options),
        "For scale to zero, requests arrive at random (a Poisson process). You pay for a replica "
        "while it starts, while it runs, and while it waits for another request before it stops.",
    ),
    (
        lambda options: any(one.query_price for one in options),
        "A query is one photo; the sizes of photos and answers are those of the price file.",
    ),
    (lambda options: True, "A month has 730 hours, and every day has the same load."),
)
"""Each sentence with when it is true of the options."""

LEFT_OUT = (
    "Discounts: for commitments, sustained use, spot machines, free tiers and credits.",
    "Taxes, support contracts, and the exchange of currencies.",
    "People: who sets up, updates and watches what you run yourself.",
    "Logs, metrics, disks, public addresses, and traffic between zones.",
    "Training, labelling and the development of the model.",
    "Spare replicas for zones that fail: raise the minimum of replicas to include them.",
)
"""What costs money or changes a price, and is in no option."""
