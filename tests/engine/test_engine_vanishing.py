"""A NIC or a VM's device vanishes in the middle of a call: the call fails, and what is left is as before."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from agent.errors import DeviceAttachRejected, PIFConfigurationError
from agent.kernel.state import Address
from agent.kernel.steps import DeleteAddress, SetMaster, SetOptions
from agent.rules import bond, vlan
from tests.worlds.world import ADDRESS, World, bond_of, host, network_of, nic

Act = Callable[[World], Awaitable[object]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """eth1 has a VLAN, which moves with it; eth2 is nobody's affair."""
    world = World(tmp_path, host(nic(0), nic(1), nic(2)), "eth0 eth1 eth2")
    await world.start()
    await world.new_network()
    await world.new_network()
    tagged = network_of(world.model, "xapi1").ref
    await world.do(vlan.create, world.pif("eth1").ref, 5, tagged)
    yield world
    await world.stop()
    assert world.kernel.trespasses == []


async def create(world: World) -> None:
    home = network_of(world.model, "xapi0").ref
    await world.do(bond.create, home, [world.pif("eth0").ref, world.pif("eth1").ref], "")


async def parts_of(world: World) -> int:
    """How many parts a creation has."""
    world.kernel.expect()
    await create(world)
    count = world.kernel.parts
    await world.do(bond.destroy, bond_of(world.model).ref)
    return count


@pytest.mark.parametrize("lost", ["eth0", "eth1"])
async def test_a_bond_is_not_made_without_one_of_its_slaves(world: World, lost: str) -> None:
    count, there = await parts_of(world), world.kernel.state.links[lost]
    assert count > 10
    for number in range(count):
        before = world.everything()
        world.kernel.expect(vanish={number: lost})
        with pytest.raises(PIFConfigurationError):
            await create(world)
        assert "bond0" not in world.kernel.state.links
        world.kernel.insert(there)
        await world.restart()
        assert world.everything() == before


async def test_a_nic_that_has_nothing_to_do_with_it_holds_nothing_up(world: World) -> None:
    world.kernel.expect(vanish={3: "eth2"})
    await create(world)
    assert [link.name for link in world.kernel.state.ports("bond0")] == ["eth0", "eth1"]


def out_of_the_bond(world: World) -> None:
    world.kernel.behind_our_back(SetMaster("eth1", ""))


def another_interval(world: World) -> None:
    world.kernel.behind_our_back(SetOptions("bond0", "bond", (("miimon", 50),)))


def gone(world: World) -> None:
    world.kernel.remove("eth1")


def without_address(world: World) -> None:
    world.kernel.behind_our_back(DeleteAddress(Address("xapi0", ADDRESS)))


def guest_elsewhere(world: World) -> None:
    world.kernel.behind_our_back(SetMaster("vif1.0", ""))


@pytest.mark.parametrize("spoil", [out_of_the_bond, another_interval, gone, without_address, guest_elsewhere])
async def test_what_is_spoilt_while_neighbours_are_asked_is_no_success(
    world: World, spoil: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes seconds, and all was as it should be before."""
    await world.run_vm("guest", network_of(world.model, "xenbr0").ref)
    there, before = world.kernel.state.links["eth1"], world.everything()
    original = world.kernel.probe

    async def probe(link: str, peers: Sequence[str], seconds: float) -> frozenset[str]:
        found = await original(link, peers, seconds)
        if link == "xapi0":
            monkeypatch.undo()
            spoil(world)
        return found

    monkeypatch.setattr(world.kernel, "probe", probe)
    with pytest.raises((PIFConfigurationError, DeviceAttachRejected)):
        await create(world)
    if "eth1" not in world.kernel.state.links:
        world.kernel.insert(there)
    await world.restart()
    assert world.everything() == before
