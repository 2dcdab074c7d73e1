"""What the kernel does with addresses, routes and resolv.conf, and what it refuses; a test for each truth."""

from dataclasses import replace

import pytest

from agent.kernel.simulate import apply, apply_all
from agent.kernel.state import Address, Route
from agent.kernel.steps import (
    AddAddress,
    DeleteAddress,
    DeleteRoute,
    SetDown,
    SetResolver,
    SetRoute,
)
from tests.kernel.devices import BARE, FIRST, ROUTED, SECOND, on, refusal
from tests.worlds.world import ADDRESS, GATEWAY


def test_an_address_can_not_be_on_a_link_twice() -> None:
    assert refusal(AddAddress(Address("eth0", ADDRESS))) == "File exists"


def test_an_address_can_be_on_two_links() -> None:
    assert on(apply(AddAddress(Address("br0", ADDRESS)), BARE), "br0")[0] == [ADDRESS]


def test_an_address_that_is_not_there_can_not_be_deleted() -> None:
    assert refusal(DeleteAddress(Address("br0", ADDRESS))) == "Cannot assign requested address"


def test_the_last_IPv4_address_takes_the_IPv4_routes_with_it() -> None:
    assert on(apply(DeleteAddress(FIRST), ROUTED), "br0") == (["2001:db8::2/64"], ["2001:db8:1::/48"])


def test_an_IPv4_address_that_is_not_the_last_leaves_the_routes() -> None:
    state = apply_all([AddAddress(Address("br0", "198.51.100.2/24")), DeleteAddress(FIRST)], ROUTED)
    assert on(state, "br0")[1] == ["10.0.0.0/8", "2001:db8:1::/48"]


def test_an_IPv6_address_that_goes_leaves_the_routes() -> None:
    assert on(apply(DeleteAddress(SECOND), ROUTED), "br0")[1] == ["10.0.0.0/8", "2001:db8:1::/48"]


def test_a_link_that_goes_down_loses_its_routes_and_its_IPv6_addresses() -> None:
    assert on(apply(SetDown("br0"), ROUTED), "br0") == (["192.0.2.20/24"], [])


def test_a_route_needs_a_link_that_is_up() -> None:
    assert refusal(SetRoute(Route("eth1", "10.0.0.0/8", GATEWAY))) == "Network is down"


@pytest.mark.parametrize("gateway", ["192.0.3.1", "2001:db8:9::1"])
def test_a_route_needs_a_gateway_in_a_subnet_of_the_link(gateway: str) -> None:
    destination = "2001:db8:2::/48" if ":" in gateway else "10.9.0.0/16"
    assert refusal(SetRoute(Route("br0", destination, gateway)), ROUTED) == "Nexthop has invalid gateway"


def test_a_route_takes_the_place_of_the_one_to_the_same_destination() -> None:
    state = apply_all([AddAddress(FIRST), SetRoute(Route("br0", "0.0.0.0/0", GATEWAY))], BARE)
    assert [r.link for r in state.routes if r.destination == "0.0.0.0/0"] == ["br0"]


def test_a_route_that_is_not_there_can_not_be_deleted() -> None:
    assert refusal(DeleteRoute(Route("eth0", "10.0.0.0/8", GATEWAY))) == "No such process"


def test_a_resolv_conf_that_another_program_writes_is_not_written() -> None:
    words = "resolv.conf is a symbolic link: another program writes it"
    assert refusal(SetResolver("x"), replace(BARE, resolver=None)) == words


def test_the_resolvers_text_is_what_is_written() -> None:
    assert apply(SetResolver("search a.org\n"), BARE).resolver == "search a.org\n"
