"""A live bond changes, and each part of that fails: it has its ports and its active slave as before."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.engine import reconciler
from agent.errors import Failure
from agent.rules import bond, bond_members, vlan
from tests.fakes.fake_kernel import Killed
from tests.worlds.hosts import host, nic
from tests.worlds.world import ADDRESS, World, bond_of

Act = Callable[[World], Awaitable[object]]
NICS = "eth0 eth1 eth2"


async def with_a_bond(directory: Path) -> World:
    """eth0 and eth1 in a bond with management, a VLAN and a VM; eth2 is free."""
    directory.mkdir(exist_ok=True)
    world = World(directory, host(*map(nic, range(3))), NICS)
    await world.start()
    home, members = await world.new_network(), [world.pif(name).ref for name in ("eth0", "eth1")]
    await world.do(bond.create, home, members, "", "active-backup")
    await world.do(vlan.create, world.pif("bond0").ref, 5, await world.new_network())
    await world.run_vm("web", home)
    await world.do(bond_members.set_active_slave, bond_of(world.model).ref, world.pif("eth0").ref)
    return world


def about(rule: Callable[..., object], *values: str) -> Act:
    """What a rule does to the bond; the name of a NIC is its PIF."""

    async def act(world: World) -> object:
        given = [world.pif(value).ref if value in NICS.split() else value for value in values]
        return await world.do(rule, bond_of(world.model).ref, *given)  # type: ignore[arg-type]

    return act


ACTS: dict[str, Act] = {
    "a mode without one active slave": about(bond.set_mode, "balance-rr"),
    "lacp": about(bond.set_mode, "lacp"),
    "balance-slb": about(bond.set_mode, "balance-slb"),
    "a live option": about(bond.set_property, "miimon", "50"),
    "a member's option": about(bond.set_property, "eth0.queue_id", "3"),
    "a new member": about(bond_members.add_member, "eth2"),
    "the active member goes": about(bond_members.remove_member, "eth0"),
    "the idle member goes": about(bond_members.remove_member, "eth1"),
    "another primary slave": about(bond_members.set_primary_slave, "eth1"),
    "another active slave": about(bond_members.set_active_slave, "eth1"),
}


def everything(world: World) -> object:
    """And what no comparison of states shows: which slave is active, and the ports in their order."""
    ports = sorted(port.name for port in world.kernel.state.ports("bond0"))
    return (*world.everything(), world.kernel.state.links["bond0"].active_slave, ports)


def shape(world: World) -> object:
    """The kernel's state without the uuids in it."""
    state = world.kernel.state
    links = {name: replace(link, alias="") for name, link in state.links.items()}
    return replace(state, links=links)


async def tried(act: Act, directory: Path) -> tuple[int, object]:
    """How many parts a change has, and what comes of it; on a twin."""
    twin = await with_a_bond(directory)
    twin.kernel.expect()
    await act(twin)
    count, after = twin.kernel.parts, shape(twin)
    await twin.stop()
    return count, after


async def failed(act: Awaitable[object]) -> Failure | None:
    try:
        await act
    except Failure as failure:
        return failure
    return None


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not taken is tried again at once."""
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)


@pytest.mark.parametrize("name", ACTS)
async def test_a_refused_part_leaves_the_bond_as_it_was(name: str, tmp_path: Path) -> None:
    """Or it was none that the change is about: then all that was asked for is there, and the rest soon."""
    count, after = await tried(ACTS[name], tmp_path / "twin")
    world = await with_a_bond(tmp_path / "0")
    before, failures = everything(world), 0
    for number in range(count):
        world.kernel.expect(refuse={number})
        failure = await failed(ACTS[name](world))
        if failure is not None:
            assert (failure.code, world.kernel.reason in failure.parameters[-1]) == (
                "PIF_CONFIGURATION_ERROR",
                True,
            )
            assert everything(world) == before
            failures += 1
        await asyncio.wait_for(world.engine.in_model_state.wait(), 5)
        if failure is None:
            assert shape(world) == after
            await world.stop()
            world = await with_a_bond(tmp_path / f"{number + 1}")
            before = everything(world)
    assert failures >= count / 3
    await world.stop()


@pytest.mark.parametrize("name", ["lacp", "a new member", "the active member goes"])
async def test_a_killed_change_of_a_live_bond_is_undone(name: str, tmp_path: Path) -> None:
    count, _ = await tried(ACTS[name], tmp_path / "twin")
    for number in range(count):
        world = await with_a_bond(tmp_path / f"{number}")
        before = world.everything()
        world.kernel.expect(die_at=number)
        with pytest.raises(Killed):
            await ACTS[name](world)
        await world.restart()
        assert world.everything() == before
        assert ADDRESS in world.addresses("xapi0")
        await world.stop()
