"""While NICs go into a bond and out of it, no VM is without a way out, whichever NIC it uses."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.interface_reconfigure.link_layers import LinkLayers
from agent.kernel.state import KernelState
from agent.kernel.steps import Announce, SetActiveSlave, Step, flat
from agent.model.records import VIF, Network, Ref
from agent.rules import bond, pif, vlan
from tests.worlds.hosts import host, nic
from tests.worlds.world import World, bond_of, network_of

NICS = {"eth0", "eth1", "eth2"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """All NICs have cables; the host is managed by eth0."""
    world = World(tmp_path, host(nic(0), nic(1), nic(2)), "eth0 eth1 eth2")
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
def states(world: World, monkeypatch: pytest.MonkeyPatch) -> list[KernelState]:
    """The states after each send."""
    found: list[KernelState] = []
    original = world.kernel.apply

    async def apply(step: Step) -> None:
        await original(step)
        found.append(world.kernel.state)

    monkeypatch.setattr(world.kernel, "apply", apply)
    return found


def cut_off(states: list[KernelState], names: set[str]) -> Iterator[str]:
    """The devices or bridges that at some moment had no NIC with carrier below them."""
    for state in states:
        layers = LinkLayers(state)
        for name in sorted(names):
            link = state.links[name]
            place = name if link.kind == "bridge" else link.master
            if not any(state.links[one].carrier for one in layers.below(place) & NICS):
                yield f"{name} in {place}"


async def test_when_another_slave_becomes_active_the_VMs_above_are_announced_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_guests(world, [network_of(world.model, "xenbr0").ref])
    await world.create_bond("eth0", "eth1")
    world.kernel.behind_our_back(SetActiveSlave("bond0", "eth0"))
    steps: list[Step] = []
    original = world.kernel.apply

    async def apply(step: Step) -> None:
        steps.extend(flat([step]))
        await original(step)

    monkeypatch.setattr(world.kernel, "apply", apply)
    await world.do(bond.destroy, bond_of(world.model).ref)
    at = steps.index(SetActiveSlave("bond0", "eth1"))
    told = {step.name: step.stations for step in steps[at:] if isinstance(step, Announce)}
    (guest,) = world.model.all(VIF)
    assert told["xapi0"] == (guest.MAC,)


async def with_guests(world: World, networks: list[Ref[Network]]) -> set[str]:
    """A VM on each network; their devices."""
    for number, network in enumerate(networks):
        await world.run_vm(f"vm{number}", network)
    return {link.name for link in world.kernel.state.links.values() if link.name.startswith("vif")}


async def create_and_destroy(world: World, *nics: str) -> None:
    await world.do(bond.create, await world.new_network(), [world.pif(name).ref for name in nics], "")
    await world.do(bond.destroy, bond_of(world.model).ref)


async def test_vms_of_the_second_nic_are_on_the_first_while_it_goes(
    world: World, states: list[KernelState]
) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    networks = [network_of(world.model, bridge).ref for bridge in ("xenbr0", "xenbr1")]
    guests = await with_guests(world, networks)
    states.clear()
    await create_and_destroy(world, "eth0", "eth1")
    assert list(cut_off(states, guests)) == []


async def test_vms_of_two_nics_without_addresses_are_on_one_of_them_meanwhile(
    world: World, states: list[KernelState]
) -> None:
    for device in ("eth1", "eth2"):
        await world.do(pif.plug, world.pif(device).ref)
    networks = [network_of(world.model, bridge).ref for bridge in ("xenbr1", "xenbr2")]
    guests = await with_guests(world, networks)
    states.clear()
    await create_and_destroy(world, "eth1", "eth2")
    assert list(cut_off(states, guests)) == []


async def test_a_vlan_of_the_second_nic_is_on_the_first_while_it_goes(
    world: World, states: list[KernelState]
) -> None:
    network = await world.new_network()
    await world.do(vlan.create, world.pif("eth1").ref, 7, network)
    bridge = world.model.get(network).bridge
    guests = await with_guests(world, [network])
    states.clear()
    await create_and_destroy(world, "eth0", "eth1")
    assert list(cut_off(states, {bridge, *guests})) == []
    assert not [name for name in world.kernel.state.links if name.startswith("eth1.")]


async def test_vms_whose_vlan_of_the_same_tag_goes_are_on_the_other_one_at_once(
    world: World, states: list[KernelState]
) -> None:
    networks = [await world.new_network(), await world.new_network()]
    for device, network in zip(("eth0", "eth1"), networks, strict=True):
        await world.do(vlan.create, world.pif(device).ref, 7, network)
    guests = await with_guests(world, networks)
    states.clear()
    await world.do(bond.create, await world.new_network(), [world.pif("eth0").ref, world.pif("eth1").ref], "")
    assert list(cut_off(states, guests)) == []
    assert len({world.model.get(one.ref).network for one in world.model.all(VIF)}) == 1
