import ipaddress
from itertools import combinations

import pytest
from tests.testbed.addresses import NUMBERS, AddressPlan, choose

from viewfinder_components.errors import PermanentError


def test_no_two_plans_share_an_address():
    plans = [AddressPlan(number) for number in NUMBERS]
    for one, other in combinations(plans, 2):
        assert not one.overlaps([*other.routed, other.link]), (one, other)


def test_the_ranges_of_one_plan_do_not_overlap():
    for number in NUMBERS:
        plan = AddressPlan(number)
        for one, other in combinations([*plan.routed, plan.link], 2):
            assert not one.overlaps(other)
        for address in (plan.kubernetes, plan.dns, plan.s3, plan.gcs):
            assert ipaddress.ip_address(address) in plan.services


def test_every_address_is_private_and_every_interface_name_is_short_enough():
    for number in NUMBERS:
        plan = AddressPlan(number)
        assert all(network.is_private for network in [*plan.routed, plan.link])
        assert len(plan.interface) <= 15  # Linux's IFNAMSIZ, less the end


def test_the_first_free_number_is_chosen():
    assert choose([], []).number == 1
    assert choose([1, 2, 4], []).number == 3


def test_what_the_machine_uses_is_not_chosen():
    # a machine in 10.11.0.0/16 already reaches the node address of number 1
    assert choose([], [ipaddress.IPv4Network("10.11.0.0/16")]).number == 2
    assert choose([], [ipaddress.IPv4Network("10.97.3.0/24")]).number == 2


def test_a_machine_without_a_free_range_is_refused():
    with pytest.raises(PermanentError, match="free range of addresses"):
        choose([], [ipaddress.IPv4Network("10.0.0.0/8")])
    with pytest.raises(PermanentError, match="60 test beds"):
        choose(NUMBERS, [])


@pytest.mark.parametrize("number", [0, 61, -1])
def test_a_number_out_of_range_is_refused(number):
    with pytest.raises(PermanentError, match="a number from 1 to 60"):
        AddressPlan(number)
