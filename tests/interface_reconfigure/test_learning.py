"""Bridges do not take a guest to be outside, wherever two uplinks of a segment are up at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.kernel.simulate import apply
from agent.kernel.state import KernelState
from agent.model.records import VIF
from agent.rules import bond, pif, vif
from tests.fakes.fake_kernel import with_carrier
from tests.worlds.forwarding import Forwarding
from tests.worlds.world import World, bond_of, network_of

CABLES = {"eth0", "eth1"}
GUEST = "vif1.0"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A VM on eth0's network; eth1's is plugged, too."""
    world = World(tmp_path)
    await world.start()
    await world.do(pif.plug, world.pif("eth1").ref)
    await world.run_vm("vm", network_of(world.model, "xenbr0").ref)
    world.kernel.done.clear()
    yield world
    await world.stop()


def with_guest(state: KernelState) -> KernelState:
    """The state with a VM behind the VIF's device: the kernel knows of none."""
    there = replace(state.links[GUEST], station="02:00:00:00:00:99")
    return with_carrier(replace(state, links={**state.links, GUEST: there}), CABLES)


def lost_on_the_way(world: World, before: KernelState) -> list[str]:
    """Who was looked for outside at some moment of what the kernel has been told since."""
    state, forwarding, lost = with_guest(before), Forwarding(CABLES), list[str]()
    forwarding.listen(state)
    for step in world.kernel.done:
        state = with_carrier(apply(step, state), CABLES)
        forwarding.after(step, state)
        lost += forwarding.lost(state)
    return lost


async def test_a_vif_that_joins_a_bridge_with_an_uplink_is_not_looked_for_there(world: World) -> None:
    before = world.kernel.state
    await world.do(vif.move, world.model.all(VIF)[0].ref, network_of(world.model, "xenbr1").ref)
    assert world.kernel.state.links[GUEST].master == "xenbr1"
    assert lost_on_the_way(world, before) == []


async def test_a_vif_that_goes_into_a_bond_with_its_nic_and_out_again_is_not(world: World) -> None:
    home, before = await world.new_network(), world.kernel.state
    world.kernel.done.clear()
    await world.do(bond.create, home, [world.pif("eth0").ref, world.pif("eth1").ref], "")
    assert lost_on_the_way(world, before) == []
    before = world.kernel.state
    world.kernel.done.clear()
    await world.do(bond.destroy, bond_of(world.model).ref)
    assert lost_on_the_way(world, before) == []
    assert all(link.learning for link in world.kernel.state.links.values())


async def test_a_port_that_somebody_keeps_from_learning_learns_again_at_the_next_start(world: World) -> None:
    links = world.kernel.state.links
    world.kernel.state = replace(
        world.kernel.state, links={**links, "eth0": replace(links["eth0"], learning=False)}
    )
    await world.restart()
    assert world.kernel.state.links["eth0"].learning
