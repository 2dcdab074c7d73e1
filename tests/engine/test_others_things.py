"""What others have put on pifd's devices stays there, and goes along when its place moves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import Failure
from agent.kernel.addressing import MULTIPATH, PROTOCOL
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.link import DOOMED_GROUP, GROUP
from agent.kernel.simulate import apply_all
from agent.kernel.state import Address, KernelState, Link, NextHop, Route
from agent.kernel.steps import AddAddress, CopyNeighbours, DeleteAddress, SetRoute, flat
from agent.model.records import Ref
from agent.rules import bond, pif
from agent.rules.network import create
from agent.rules.reconfigure import reconfigure_ip
from tests.worlds.world import ADDRESS, GATEWAY, World, bond_of, mac, nic

VIRTUAL = Address("xenbr0", "192.0.2.200/32")
BIRDS = Route("xenbr0", "10.0.0.0/8", "192.0.2.7", 32, rest=f"{12:02x}0000000100")
THEIRS = (VIRTUAL, BIRDS)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    await world.start()
    world.kernel.behind_our_back(AddAddress(VIRTUAL), SetRoute(BIRDS))
    yield world
    await world.stop()


def theirs(state: KernelState) -> dict[object, str]:
    """Where the things are, each with all that it has."""
    addresses: dict[object, str] = {
        replace(a, link=""): a.link for a in state.addresses if a.interface == VIRTUAL.interface
    }
    return {**addresses, **{replace(r, link=""): r.link for r in state.routes if r.rest == BIRDS.rest}}


def at(place: str) -> dict[object, str]:
    return {replace(VIRTUAL, link=""): place, replace(BIRDS, link=""): place}


async def test_an_unrelated_call_and_a_restart_leave_them(world: World) -> None:
    await world.do(create, {})
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.restart()
    assert theirs(world.kernel.state) == at("xenbr0")


async def test_they_go_along_onto_a_bond_and_back(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    assert theirs(world.kernel.state) == at("xapi0")
    await world.restart()
    assert theirs(world.kernel.state) == at("xapi0")
    await world.do(bond.destroy, bond_of(world.model).ref)
    assert theirs(world.kernel.state) == at("xenbr0")


async def test_a_call_that_would_leave_them_without_a_place_is_refused_by_name(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    world.kernel.behind_our_back(AddAddress(Address("xenbr1", "198.51.100.9/24")))
    with pytest.raises(Failure) as caught:
        await world.do(pif.unplug, world.pif("eth1").ref)
    assert caught.value.parameters[1] == "198.51.100.9/24 on xenbr1 is not pifd's, and would be lost"


async def test_what_pifd_made_and_no_record_asks_for_goes(world: World) -> None:
    world.kernel.behind_our_back(AddAddress(Address("xenbr0", "192.0.2.44/32", protocol=PROTOCOL)))
    await world.restart()
    assert "192.0.2.44/32" not in world.addresses("xenbr0")


async def test_an_address_in_the_subnet_of_one_that_changes_stays(world: World) -> None:
    """The kernel deletes it along with the first of its subnet."""
    other = Address("xenbr0", "192.0.2.201/24")
    world.kernel.behind_our_back(AddAddress(other))
    state = apply_all([DeleteAddress(Address("xenbr0", ADDRESS))], world.kernel.state)
    assert other not in state.addresses
    await world.do(
        reconfigure_ip, world.pif("eth0").ref, "Static", "192.0.2.11", "255.255.255.0", GATEWAY, ""
    )
    assert "192.0.2.201/24" in world.addresses("xenbr0")


async def test_what_has_pifds_group_and_somebody_elses_alias_is_left_alone(world: World) -> None:
    for number, group in enumerate((GROUP, DOOMED_GROUP)):
        world.kernel.insert(Link(name=f"br{number}", kind="bridge", group=group, alias="mine"))
    before = [world.kernel.state.links[name] for name in ("br0", "br1")]
    await world.create_bond("eth0", "eth1")
    await world.do(bond.destroy, bond_of(world.model).ref)
    await world.restart()
    assert [world.kernel.state.links[name] for name in ("br0", "br1")] == before


@pytest.mark.parametrize(
    "use",
    [
        Link(name="mv0", kind="macvlan", MAC=mac(0x70), up=True, lower="eth1"),
        Link(name="vlan5", kind="vlan", MAC=mac(1), up=True, lower="eth1", options=VLANOptions(5)),
        Link(name="gre1", kind="gre", up=True, bound="eth1"),
        Address("eth1", "198.51.100.2/24"),
        None,
    ],
)
async def test_an_unplugged_NIC_that_somebody_uses_stays_up(
    tmp_path: Path, use: Link | Address | None
) -> None:
    world = World(tmp_path)
    await world.start()
    eth1 = replace(world.kernel.state.links["eth1"], up=True, lent=use is None)
    links = {**world.kernel.state.links, "eth1": eth1}
    world.kernel.state = replace(world.kernel.state, links=links)
    if isinstance(use, Link):
        world.kernel.insert(use)
    if isinstance(use, Address):
        world.kernel.behind_our_back(AddAddress(use))
    before = world.kernel.state
    await world.do(create, {})
    await world.restart()
    assert world.kernel.state == before
    await world.stop()


async def test_a_NIC_in_use_that_is_found_later_is_taken_over_as_it_is(tmp_path: Path) -> None:
    world = World(tmp_path, given="eth0 eth1 eth2")
    await world.start()
    world.kernel.insert(nic(2))
    host_ref = world.pif("eth0").host
    world.kernel.behind_our_back(AddAddress(Address("eth2", "203.0.113.5/24")))
    await world.do(pif.scan, Ref(host_ref))
    assert (world.addresses("xenbr2"), world.kernel.state.links["eth2"].up) == (
        ["203.0.113.5/24", *_own(2)],
        True,
    )
    await world.stop()


def _own(number: int) -> list[str]:
    return [f"fe80::ff:fe00:{number}/64"]


async def test_a_NIC_that_is_found_keeps_its_default_route_and_management_keeps_its_own(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, given="eth0 eth1 eth2")
    await world.start()
    world.kernel.insert(nic(2))
    backup = Route("eth2", "0.0.0.0/0", "203.0.113.1", 500, rest=f"{3:02x}0000000100")
    world.kernel.behind_our_back(AddAddress(Address("eth2", "203.0.113.5/24")), SetRoute(backup))
    await world.do(pif.scan, Ref(world.pif("eth0").host))
    routes = {route for route in world.kernel.state.routes if route.destination == "0.0.0.0/0"}
    assert routes == {Route("xenbr0", "0.0.0.0/0", GATEWAY), replace(backup, link="xenbr2")}
    await world.stop()


SHARED = tuple(
    Route("xenbr0", "10.8.0.0/16", gateway, rest="030000000100") for gateway in ("192.0.2.7", "192.0.2.8")
)
"""Two routes of IPv4 of which one was appended to the other."""


def at_xenbr0(destination: str, matched: str) -> Route:
    """A route of IPv6 for packets from a source."""
    return Route("xenbr0", destination, "fe80::7", 1024, rest=f"030000000140{matched}")


BY_OBJECT = replace(at_xenbr0("10.9.0.0/16", f"{186:02x}0000000100"), next_hop=7)


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ([], "the next hop object 7 on xenbr0 can't be moved, and would be lost"),
        ([BY_OBJECT], "the route to 10.9.0.0/16 on xenbr0 uses the next hop object 7, which can't be moved"),
    ],
)
async def test_next_hop_objects_hold_up_only_what_would_move_them(
    world: World, routes: list[Route], reason: str
) -> None:
    state = world.kernel.state
    world.kernel.state = replace(
        state, routes=state.routes | {*routes}, next_hops=frozenset([NextHop("xenbr0", 7)])
    )
    await world.do(create, {})
    with pytest.raises(Failure) as caught:
        await world.create_bond("eth0", "eth1")
    assert (caught.value.parameters[1], world.kernel.state.routes) == (reason, state.routes | {*routes})


async def test_neither_does_a_NIC_go_down_that_has_one(world: World) -> None:
    world.kernel.state = replace(world.kernel.state, next_hops=frozenset([NextHop("eth1", 8)]))
    await world.do(pif.plug, world.pif("eth1").ref)
    with pytest.raises(Failure) as caught:
        await world.create_bond("eth0", "eth1")
    assert caught.value.parameters[1] == "the next hop object 8 on eth1 can't be moved, and would be lost"


FROM = tuple(at_xenbr0("2001:db8:9::/48", f"1400020020010db8000{n}{'0' * 20}") for n in (1, 2))
SEVERAL_WAYS = tuple(
    Route(link, "10.9.0.0/16", MULTIPATH, rest="030000000100") for link in ("docker0", "xenbr0")
)


@pytest.mark.parametrize("beside", [SHARED, FROM, SEVERAL_WAYS], ids=["appended", "from", "several ways"])
async def test_routes_that_are_beside_one_another_stay_so(world: World, beside: tuple[Route, ...]) -> None:
    world.kernel.insert(Link(name="docker0", kind="bridge", up=True))
    state = world.kernel.state
    world.kernel.state = replace(state, routes=state.routes | {*beside})
    await world.do(create, {})
    await world.restart()
    assert world.kernel.state.routes >= {*beside}


@pytest.mark.parametrize("beside", [SHARED, SEVERAL_WAYS], ids=["appended", "several ways"])
async def test_such_routes_of_IPv4_are_not_moved_but_the_call_is_refused(
    world: World, beside: tuple[Route, ...]
) -> None:
    """Which one counts is their order, which would be another one."""
    world.kernel.insert(Link(name="docker0", kind="bridge", up=True))
    state = world.kernel.state
    world.kernel.state = replace(state, routes=state.routes | {*beside})
    with pytest.raises(Failure) as caught:
        await world.create_bond("eth0", "eth1")
    destination = beside[0].destination
    assert caught.value.parameters[1] == (
        f"the route to {destination} on xenbr0 is not pifd's, and would be lost"
    )
    assert world.kernel.state.routes >= {*beside}


async def test_the_neighbours_of_a_bridge_that_goes_without_an_address_go_along(world: World) -> None:
    eth1 = world.pif("eth1").ref
    await world.do(pif.plug, eth1)
    await world.do(pif.unplug, eth1)
    await world.do(pif.plug, eth1)
    await world.create_bond("eth0", "eth1")
    copied = [step for step in flat(world.kernel.done) if isinstance(step, CopyNeighbours)]
    assert copied[-5:] == [
        CopyNeighbours("eth1", "xenbr1"),
        CopyNeighbours("xenbr1", "eth1"),
        CopyNeighbours("eth1", "xenbr1"),
        CopyNeighbours("xenbr0", "xapi0"),
        CopyNeighbours("xenbr1", "xapi0"),
    ]
