"""One fault, one place: what is wrong holds up nothing else, at a start and in a call, and is told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.engine import reconciler
from agent.errors import InternalError, PIFConfigurationError
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.state import Address, KernelState, Link, Route
from agent.kernel.steps import (
    AddAddress,
    CreateLink,
    DeleteLinks,
    SetMAC,
    SetMaster,
    SetMTU,
    SetOptions,
    SetResolver,
    SetRoute,
    Step,
)
from agent.model.records import Network
from agent.rules import pif, reconfigure, setters, vlan
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, mac, network_of, nic

WELL = "the network is in the model's state"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reconciler tries again at once."""
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)


def refusing(kind: type[Step], link: str = "", reason: str = "not here") -> Callable[[Step], str]:
    """A kernel that refuses steps of a kind, on one device or on any."""
    return lambda step: reason if isinstance(step, kind) and link in ("", _link_of(step)) else ""


def _link_of(step: Step) -> str:
    match step:
        case AddAddress(address):
            return address.link
        case SetRoute(route):
            return route.link
        case CreateLink(link):
            return link.name
    return str(getattr(step, "name", ""))


def spoil(world: World, name: str, **fields: object) -> None:
    """Somebody changes a device behind pifd's back."""
    links = world.kernel.state.links
    spoilt = replace(links[name], **fields)  # type: ignore[arg-type]
    world.kernel.state = replace(world.kernel.state, links={**links, name: spoilt})


async def rename(world: World, bridge: str = "xenbr0") -> None:
    """A call that has nothing to do with any device."""
    await world.do(setters.set_field, Network, "name_label", network_of(world.model, bridge).ref, "other")


STUBBORN: dict[str, tuple[type[Step], dict[str, Any]]] = {
    "stp": (SetOptions, {"options": BridgeOptions(stp=True, forward_delay=1500)}),
    "MTU": (SetMTU, {"MTU": 1400}),
    "MAC": (SetMAC, {"MAC": mac(0x77)}),
}


@pytest.mark.parametrize("what", STUBBORN)
async def test_a_label_can_be_set_while_a_bridge_is_broken(world: World, what: str) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    step, fields = STUBBORN[what]
    spoil(world, "xenbr1", **fields)
    world.kernel.obstacle = refusing(step)
    await rename(world)
    assert network_of(world.model, "xenbr0").name_label == "other"
    assert "not in the model's state: eth1" in world.engine.words
    assert world.engine.in_model_state.is_set() is False


@pytest.mark.parametrize("what", STUBBORN)
async def test_a_start_on_a_broken_bridge_brings_up_all_else(world: World, what: str) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    home = await world.new_network(bridge="home")
    await world.do(vlan.create, world.pif("eth1").ref, 5, home)
    await world.stop()
    step, fields = STUBBORN[what]
    spoil(world, "xenbr1", **fields)
    world.kernel.behind_our_back(DeleteLinks(("eth1.5",)))
    world.kernel.obstacle = refusing(step)
    await world.start()
    assert world.above("eth1.5") == ["home"]
    assert (world.addresses("xenbr0")[0], world.above("eth1")) == (ADDRESS, ["xenbr1"])
    assert dict(world.engine.failures) == {}
    assert list(world.engine.condition.deviations) == [world.pif("eth1").ref]


async def test_a_broken_bridge_is_mended_as_soon_as_it_can_be(world: World, impatient: None) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before = world.kernel.state
    spoil(world, "xenbr1", MTU=1400)
    world.kernel.obstacle = refusing(SetMTU)
    await rename(world)
    world.kernel.obstacle = lambda step: ""
    await world.engine.in_model_state.wait()
    assert (world.kernel.state, world.engine.words) == (before, WELL)


async def test_the_spanning_tree_protocol_on_a_bridge_is_switched_off_at_a_start(world: World) -> None:
    before = world.kernel.state
    await world.stop()
    world.kernel.behind_our_back(SetOptions("xenbr0", "bridge", (("stp", True),)))
    assert world.kernel.state.links["xenbr0"].options == BridgeOptions(stp=True, forward_delay=200)
    await world.start()
    assert (world.kernel.state, world.engine.words) == (before, WELL)


async def test_a_call_that_changes_what_is_broken_is_refused_with_the_reason(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    world.kernel.obstacle = refusing(SetMTU, "xenbr1", "Numerical result out of range")
    before = world.everything()
    with pytest.raises(PIFConfigurationError) as caught:
        await world.do(setters.set_field, Network, "MTU", network_of(world.model, "xenbr1").ref, 9000)
    assert caught.value.parameters[1].endswith("Numerical result out of range")
    assert world.everything() == before


async def test_addresses_that_the_kernel_will_not_have_cost_nothing_else(world: World) -> None:
    """As where somebody has written to disable_ipv6."""
    given = ("Static", "2001:db8::10/64", "", "")
    await world.do(reconfigure.reconfigure_ipv6, world.pif("eth0").ref, *given)
    await world.stop()
    world.kernel.obstacle = lambda step: (
        "Permission denied" if isinstance(step, AddAddress) and step.address.version == 6 else ""
    )
    state = world.kernel.state
    world.kernel.state = replace(state, addresses=frozenset(a for a in state.addresses if a.version == 4))
    await world.start()
    assert world.addresses("xenbr0") == [ADDRESS]
    assert (dict(world.engine.failures), len(world.engine.condition.deviations)) == ({}, 1)
    await world.do(pif.plug, world.pif("eth1").ref)
    await rename(world)
    assert world.above("eth1") == ["xenbr1"]


@pytest.mark.parametrize("reason", ["Read-only file system", "Is a directory", "Operation not permitted"])
async def test_a_resolver_that_can_not_be_written_costs_nothing_else(world: World, reason: str) -> None:
    dns = ("Static", "192.0.2.10", "255.255.255.0", "192.0.2.1", "192.0.2.54")
    await world.do(reconfigure.reconfigure_ip, world.pif("eth0").ref, *dns)
    await world.stop()
    world.kernel.state = replace(world.kernel.state, resolver="nameserver 192.0.2.99\n")
    world.kernel.obstacle = refusing(SetResolver, reason=reason)
    await world.start()
    assert world.engine.words.endswith(f"write the name servers to resolv.conf: {reason}")
    await world.do(pif.plug, world.pif("eth1").ref)
    with pytest.raises(PIFConfigurationError) as caught:
        await world.do(reconfigure.reconfigure_ip, world.pif("eth0").ref, *dns[:-1], "192.0.2.55")
    assert caught.value.parameters[1].endswith(reason)


async def test_a_gateway_that_is_off_the_subnet_costs_its_route_alone(world: World) -> None:
    await world.stop()
    statement = (
        "UPDATE record SET fields = json_set(fields, '$.ip_configuration.gateway', '198.51.100.1')"
        " WHERE class = 'PIF' AND json_extract(fields, '$.device') = 'eth0'"
    )
    alter_store(world.file, statement)
    state = world.kernel.state
    world.kernel.state = replace(state, routes=frozenset(r for r in state.routes if r.link != "xenbr0"))
    await world.start()
    assert world.addresses("xenbr0")[0] == ADDRESS
    assert dict(world.engine.condition.deviations) == {
        world.pif("eth0").ref: "route 0.0.0.0/0 via 198.51.100.1 over xenbr0: Nexthop has invalid gateway"
    }
    await world.do(pif.plug, world.pif("eth1").ref)


FOREIGN_BRIDGE = Link(name="xenbr0", kind="bridge", MAC=mac(0x99), up=True, options=BridgeOptions())


def rebooted(world: World, *others: Link) -> KernelState:
    """The host as it comes up, with the address on its NIC as another program has put it there."""
    links = [link for link in world.kernel.state.links.values() if not link.owned]
    found = {link.name: link for link in (*links, nic(0), nic(1), *others)}
    return replace(
        world.kernel.state,
        links=found,
        addresses=frozenset(a for a in world.kernel.state.addresses if a.link in found and a.link != "xenbr0")
        | {Address("eth0", ADDRESS)},
        routes=frozenset(r for r in world.kernel.state.routes if r.link in found and r.link != "xenbr0")
        | {Route("eth0", "0.0.0.0/0", "192.0.2.1")},
    )


async def test_a_network_that_works_is_not_torn_down_for_one_that_can_not_be_had(world: World) -> None:
    """Somebody else has made a bridge of management's name, and the host is reached over its NIC."""
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.do(vlan.create, world.pif("eth0").ref, 5, await world.new_network(bridge="home"))
    await world.stop()
    world.kernel.state = rebooted(world, FOREIGN_BRIDGE)
    before = world.kernel.state
    await world.start()
    after = world.kernel.state
    assert (after.links["eth0"], world.addresses("eth0")) == (before.links["eth0"], [ADDRESS])
    assert after.links["xenbr0"] == FOREIGN_BRIDGE
    assert Route("eth0", "0.0.0.0/0", "192.0.2.1") in after.routes
    assert (world.above("eth1"), world.above("eth0.5")) == (["xenbr1"], ["home"])
    assert list(world.engine.failures) == [world.pif("eth0").ref]


async def test_when_the_name_is_free_again_management_moves_to_its_bridge(
    world: World, impatient: None
) -> None:
    before = world.kernel.state
    await world.stop()
    world.kernel.state = rebooted(world, FOREIGN_BRIDGE)
    await world.start()
    world.kernel.behind_our_back(DeleteLinks(("xenbr0",)))
    await world.engine.in_model_state.wait()
    assert world.kernel.state == before


async def test_an_address_stays_where_it_works_when_the_bond_can_not_be_had(world: World) -> None:
    """A store of another day says that management is on a bond, whose name somebody else has."""
    alone = world.kernel.state
    await world.create_bond("eth0", "eth1")
    await world.stop()
    theirs = Link(name="bond0", kind="bond", MAC=mac(0x77), up=True, options=alone.links["storage"].options)
    world.kernel.state = replace(alone, links={**alone.links, "bond0": theirs})
    await world.start()
    assert (world.addresses("xenbr0"), world.above("eth0")) == (
        [ADDRESS, *world.addresses("xenbr0")[1:]],
        ["xenbr0"],
    )
    assert world.engine.in_model_state.is_set() is False
    assert world.pif("bond0").ref in world.engine.failures


async def test_a_slave_that_the_bond_can_not_get_costs_the_others_nothing(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    await world.stop()
    world.kernel.behind_our_back(SetMaster("eth1", ""), SetMaster("eth1", "docker0"))
    await world.start()
    assert (world.above("eth0"), world.addresses("xapi0")[0]) == (["bond0", "xapi0"], ADDRESS)
    assert list(world.engine.failures) == [world.pif("eth1").ref]


async def test_all_slaves_that_are_refused_leave_the_host_where_it_is_reached(world: World) -> None:
    alone = world.kernel.state
    await world.create_bond("eth0", "eth1")
    await world.stop()
    world.kernel.state = alone
    world.kernel.obstacle = lambda step: (
        "busy" if isinstance(step, SetMaster) and step.master == "bond0" else ""
    )
    await world.start()
    assert (world.above("eth0"), world.addresses("xenbr0")[0]) == (["xenbr0"], ADDRESS)
    assert world.kernel.state.links["eth0"] == alone.links["eth0"]


@pytest.mark.parametrize("name", ["lo", "docker0", "eth1"])
async def test_a_network_whose_bridge_can_not_be_called_so_is_the_only_one_that_is_not_up(
    world: World, name: str
) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.stop()
    statement = (
        "UPDATE record SET fields = json_set(fields, '$.bridge', ?)"
        " WHERE class = 'network' AND json_extract(fields, '$.bridge') = 'xenbr1'"
    )
    alter_store(world.file, statement, name)
    await world.start()
    assert (world.addresses("xenbr0")[0], list(world.engine.failures)) == (ADDRESS, [world.pif("eth1").ref])
    await rename(world)


async def test_a_NIC_that_has_vanished_is_told_at_once_and_has_its_place_when_it_is_back(
    world: World, impatient: None
) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before, notifier = world.kernel.state, world.engine.notifier
    seen = notifier.next()
    world.lose("eth1")
    while world.engine.in_model_state.is_set():
        await seen.wait()
        seen = notifier.next()
    assert world.engine.words == "not in the model's state: eth1 is not up (eth1 is not there)"
    world.kernel.insert(nic(1))
    await world.engine.in_model_state.wait()
    assert world.kernel.state.links == before.links


async def test_a_slave_that_went_and_came_between_two_looks_has_its_place_again(
    world: World, impatient: None
) -> None:
    """As when its driver is loaded anew: nobody has seen that it was missing."""
    await world.create_bond("eth0", "eth1")
    before = world.kernel.state
    world.lose("eth1")
    world.kernel.insert(replace(nic(1), index=77, up=True))
    async with asyncio.timeout(20):
        while world.kernel.state.links != before.links:
            await asyncio.sleep(0.01)


async def test_a_slave_that_is_missing_at_a_start_is_told(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    await world.stop()
    world.lose("eth1")
    await world.start()
    assert dict(world.engine.failures) == {world.pif("eth1").ref: "eth1 is not there"}
    assert world.addresses("xapi0")[0] == ADDRESS


async def test_a_NIC_that_nothing_needs_is_told_as_well_when_it_is_missing(world: World) -> None:
    await world.stop()
    world.lose("eth1")
    await world.start()
    assert world.engine.words == "not in the model's state: eth1: eth1 is not there"


async def test_without_a_management_interface_all_is_not_well(world: World) -> None:
    await world.stop()
    alter_store(world.file, "UPDATE record SET fields = json_set(fields, '$.management', json('false'))")
    await world.start()
    assert world.engine.words == "not in the model's state: there is no management interface"


@pytest.mark.parametrize(
    "drift",
    [
        SetMaster("eth1", ""),
        SetMTU("xenbr1", 1400),
        SetOptions("xenbr1", "bridge", (("multicast_snooping", True),)),
        DeleteLinks(("xenbr1",)),
    ],
)
async def test_drift_is_told_at_the_next_news_and_so_is_its_end(
    world: World, impatient: None, drift: Step
) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before = world.kernel.state
    world.kernel.behind_our_back(drift)
    while world.engine.in_model_state.is_set():
        await world.engine.notifier.next().wait()
    assert world.engine.words.startswith("not in the model's state: eth1")
    world.kernel.state = before
    await world.engine.in_model_state.wait()
    assert world.engine.words == WELL


async def test_management_comes_first_on_a_host_that_has_just_booted(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.do(vlan.create, world.pif("eth1").ref, 5, await world.new_network(bridge="home"))
    await world.stop()
    world.kernel.state = rebooted(world)
    world.kernel.done.clear()
    await world.start()
    done = [str(step) for step in world.kernel.done]
    address = done.index(f"add {ADDRESS} to xenbr0")
    others = [step for step in done[:address] if "eth1" in step or "home" in step or "xenbr1" in step]
    assert (others, world.engine.words) == ([], WELL)


class Bug(Exception):
    """Something that nobody foresaw."""


async def test_a_bug_in_a_change_is_undone_and_told_as_an_internal_error_with_its_traceback(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    before = world.everything()

    def buggy(step: Step) -> str:
        if isinstance(step, SetMaster) and step.master:
            world.kernel.obstacle = lambda step: ""
            raise Bug("42")
        return ""

    world.kernel.obstacle = buggy
    with pytest.raises(InternalError) as caught:
        await world.do(pif.plug, world.pif("eth1").ref)
    assert (caught.value.parameters, world.everything()) == (("Bug: 42",), before)
    assert "Traceback" in caplog.text


async def test_a_bug_in_an_undo_is_told_and_the_way_back_is_tried_until_it_is_done(
    world: World, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    before, bugs = world.everything(), iter(range(6))

    def buggy(step: Step) -> str:
        if isinstance(step, SetMaster | DeleteLinks) and next(bugs, None) is not None:
            raise Bug("42")
        return ""

    world.kernel.obstacle = buggy
    with pytest.raises(InternalError) as caught:
        await world.do(pif.plug, world.pif("eth1").ref)
    assert "undoing it failed too, and is tried again" in caught.value.parameters[0]
    await world.engine.in_model_state.wait()
    assert world.everything() == before
    assert "Traceback" in caplog.text


async def test_a_bug_at_a_start_leaves_a_daemon_that_tries_again(world: World, impatient: None) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before, bugs = world.kernel.state, iter(range(3))
    await world.stop()
    world.kernel.behind_our_back(DeleteLinks(("xenbr1",)))

    def buggy(step: Step) -> str:
        if next(bugs, None) is not None:
            raise Bug("42")
        return ""

    world.kernel.obstacle = buggy
    await world.start()
    assert "not in the model's state" in world.engine.words
    await world.engine.in_model_state.wait()
    assert world.kernel.state == before
