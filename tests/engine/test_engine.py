"""The engine: one change at a time, whole, and nothing when there is nothing to do."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agent.engine import reachability
from agent.errors import NetworkAlreadyConnected
from agent.kernel.addressing import PROTOCOL
from agent.kernel.kinds.bridge import BridgeOptions
from agent.kernel.link import GROUP
from agent.kernel.state import Address, Link
from agent.kernel.steps import (
    AddAddress,
    CreateLink,
    DeleteAddress,
    DeleteLinks,
    SetDown,
    SetMaster,
    SetMTU,
)
from agent.model.records import PIF, IPMode
from agent.rules import bond, pif, reconfigure
from tests.docs.design import design
from tests.worlds.world import (
    ADDRESS,
    World,
    bond_of,
    decision,
    host,
    network_of,
    pif_of,
    slave_devices,
)


async def test_the_first_start_puts_the_address_on_the_bridge(world: World) -> None:
    assert (world.addresses("eth0"), world.addresses("xenbr0")[0]) == ([], ADDRESS)
    assert world.above("eth0") == ["xenbr0"]
    assert world.stored() == world.model


async def test_a_bond_carries_the_address_of_its_slave(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    assert world.addresses("xapi0")[0] == ADDRESS
    assert [world.above(device) for device in ("eth0", "eth1")] == [["bond0", "xapi0"]] * 2
    assert "xenbr0" not in world.kernel.state.links


@design("destroy", 7)
async def test_create_and_destroy_give_kernel_and_model_back(world: World) -> None:
    await world.new_network()
    before = world.everything()
    members = [world.pif("eth1").ref, world.pif("eth0").ref]
    await world.do(bond.create, network_of(world.model, "xapi0").ref, members, "")
    await world.do(bond.destroy, bond_of(world.model).ref)
    assert world.everything() == before


async def test_plug_and_unplug_give_kernel_and_model_back(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.do(pif.unplug, world.pif("eth1").ref)  # by somebody's wish from now on
    before = world.everything()
    await world.do(pif.plug, world.pif("eth1").ref)
    assert world.above("eth1") == ["xenbr1"]
    await world.do(pif.unplug, world.pif("eth1").ref)
    assert world.everything() == before


async def test_a_forgotten_NIC_is_left_free_and_down(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.do(pif.forget, world.pif("eth1").ref)
    left = world.kernel.state.links["eth1"]
    assert (left.up, left.master, "xenbr1" in world.kernel.state.links) == (False, "", False)


async def test_a_start_with_nothing_to_do_writes_nothing(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    before, writes = world.everything(), world.kernel.writes
    await world.restart()
    assert (world.everything(), world.kernel.writes) == (before, writes)
    assert world.engine.in_model_state.is_set()


async def test_a_call_that_changes_nothing_writes_nothing(world: World) -> None:
    writes = world.kernel.writes
    await world.do(pif.plug, world.pif("eth0").ref)
    assert world.kernel.writes == writes


async def test_a_call_that_changes_nothing_repairs_drift(world: World) -> None:
    before = world.everything()
    world.kernel.behind_our_back(SetMaster("eth0", ""), DeleteLinks(("xenbr0",)))
    await world.do(pif.plug, world.pif("eth0").ref)
    assert world.everything() == before


async def test_a_start_repairs_drift(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    before = world.everything()
    world.kernel.behind_our_back(
        SetMaster("eth1", ""),
        SetMTU("bond0", 1400),
        SetDown("xapi0"),
        DeleteAddress(Address("xapi0", ADDRESS)),
        AddAddress(Address("xapi0", "198.51.100.9/24", protocol=PROTOCOL)),
        CreateLink(Link(name="xapi7", kind="bridge", group=GROUP, options=BridgeOptions())),
    )
    await world.restart()
    assert world.everything() == before


async def test_two_changes_at_once_are_one_after_the_other(world: World) -> None:
    await asyncio.gather(world.create_bond("eth0"), world.create_bond("eth1"))
    assert [slave_devices(world.model, name) for name in ("bond0", "bond1")] == [["eth0"], ["eth1"]]
    assert world.stored() == world.model


async def test_the_second_of_two_changes_sees_what_the_first_has_done(world: World) -> None:
    home = await world.new_network()
    calls = [world.do(bond.create, home, [world.pif(device).ref], "") for device in ("eth0", "eth1")]
    first, second = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, type(second)) == (bond_of(world.model).ref, NetworkAlreadyConnected)


async def test_a_change_whose_caller_goes_away_is_completed(world: World) -> None:
    home = await world.new_network()
    world.kernel.expect()
    call = asyncio.create_task(
        world.do(bond.create, home, [world.pif("eth0").ref, world.pif("eth1").ref], "")
    )
    while world.kernel.parts < 4:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await world.engine.close()
    assert slave_devices(world.model) == ["eth0", "eth1"]
    assert (world.stored(), world.addresses("xapi0")[0]) == (world.model, ADDRESS)


async def test_a_dry_run_changes_nothing_and_tells_what_is_then_done(world: World) -> None:
    home = await world.new_network()
    before, writes = world.everything(), world.kernel.writes
    decide = decision(bond.create, home, [world.pif("eth1").ref, world.pif("eth0").ref], "")
    told = await world.engine.dry_run(decide)
    assert (world.everything(), world.kernel.writes) == (before, writes)
    world.kernel.sent.clear()
    await world.engine.change(decide)
    assert list(told.steps) == world.kernel.sent
    assert [p.device for p in told.plan.after.all(PIF)] == [p.device for p in world.model.all(PIF)]


async def test_the_name_servers_of_management_are_written_and_given_back(world: World) -> None:
    reference = world.pif("eth0").ref
    given = ("Static", "192.0.2.10", "255.255.255.0", "192.0.2.1")
    before = world.kernel.state.resolver
    await world.do(reconfigure.reconfigure_ip, reference, *given, "192.0.2.54")
    assert "nameserver 192.0.2.54\n" in (world.kernel.state.resolver or "")
    await world.do(reconfigure.reconfigure_ip, reference, *given, "192.0.2.53")
    assert world.kernel.state.resolver == before


async def test_carrier_is_told_of_NICs(world: World) -> None:
    assert world.engine.links_up == {"eth0", "eth8", "eth9"}


async def test_the_gateway_and_the_neighbours_in_use_are_witnesses(world: World) -> None:
    found = await reachability.witnesses(world.kernel, world.kernel.state, "xenbr0", world.pif("eth0"))
    assert found == ("192.0.2.1", "192.0.2.7")


async def test_a_host_that_has_no_NIC_starts(tmp_path: Path) -> None:
    world = World(tmp_path, replace(host(), links={}, addresses=frozenset(), routes=frozenset()))
    await world.start()
    assert (world.model.all(PIF), world.engine.in_model_state.is_set()) == ((), True)
    await world.stop()


async def test_a_change_of_address_in_the_same_subnet_keeps_the_default_route(world: World) -> None:
    given = ("Static", "192.0.2.20", "255.255.255.0", "192.0.2.1", "")
    await world.do(reconfigure.reconfigure_ip, world.pif("eth0").ref, *given)
    default = [route.gateway for route in world.kernel.state.routes if route.destination == "0.0.0.0/0"]
    assert (world.addresses("xenbr0")[0], default) == ("192.0.2.20/24", ["192.0.2.1"])
    assert pif_of(world.stored(), "eth0").ip_configuration.ip_configuration_mode == IPMode.STATIC
