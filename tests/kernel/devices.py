"""A host with a bridge and a bond, for the tests of single steps."""

import pytest

from agent.kernel.kinds.bond import BondOptions
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.link import GROUP
from agent.kernel.simulate import apply, apply_all
from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import AddAddress, CreateLink, Refused, SetMaster, SetRoute, Step
from tests.worlds.world import GATEWAY, host, mac, nic

BRIDGE = Link(name="br0", kind="bridge", MAC=mac(0xB0), up=True, group=GROUP, options=BridgeOptions())
BOND = Link(
    name="bond0", kind="bond", MAC=mac(0xB1), MTU=9000, up=True, group=GROUP, options=BondOptions(), gro=True
)
BARE = apply_all([CreateLink(BRIDGE), CreateLink(BOND)], host(nic(0), nic(1, up=False), nic(2, up=False)))
BONDED = apply_all([SetMaster("eth1", "bond0"), SetMaster("eth2", "bond0")], BARE)
FIRST, SECOND = Address("br0", "192.0.2.20/24"), Address("br0", "2001:db8::2/64")
ROUTES = (Route("br0", "10.0.0.0/8", GATEWAY), Route("br0", "2001:db8:1::/48", "2001:db8::1", 1024))
ROUTED = apply_all([AddAddress(FIRST), AddAddress(SECOND), *map(SetRoute, ROUTES)], BARE)


def refusal(step: Step, state: KernelState = BARE) -> str:
    """Why a step is refused."""
    with pytest.raises(Refused) as caught:
        apply(step, state)
    return caught.value.reason


def on(state: KernelState, link: str) -> tuple[list[str], list[str]]:
    """The addresses and the routes of a link."""
    routes = sorted(route.destination for route in state.routes if route.link == link)
    return [address.interface for address in state.addresses_of(link)], routes
