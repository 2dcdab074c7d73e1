"""The rules of a balance-slb bond follow carrier, come back when somebody flushes them, and announce."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.engine import slb_keeper
from agent.kernel.steps import Announce, SetFilter
from agent.rules import bond
from tests.worlds.world import World, bond_of, host, nic


async def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come about")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """eth0 and eth1 in a balance-slb bond that carries the host."""
    world = World(tmp_path, host(nic(0), nic(1)), "eth0 eth1")
    await world.start()
    await world.create_bond("eth0", "eth1")
    return world


def primary(world: World) -> str:
    found = world.kernel.state.links["bond0"].filter
    return found.primary if found is not None and found.whole else ""


async def test_another_port_takes_broadcasts_in_while_the_first_has_no_carrier(world: World) -> None:
    first = primary(world)
    (other,) = {"eth0", "eth1"} - {first}
    done = len(world.kernel.done)
    world.kernel.cables = frozenset({other})
    await eventually(lambda: primary(world) == other)
    told = [step for step in world.kernel.done[done:] if isinstance(step, Announce)]
    assert [step.name for step in told] == ["xapi0"]
    world.kernel.cables = frozenset({"eth0", "eth1"})
    await eventually(lambda: len(world.kernel.done) > done + 2)
    assert primary(world) == other
    await world.stop()


async def test_rules_that_somebody_deletes_come_back_as_they_were(world: World) -> None:
    """Also where the port that takes broadcasts in is not the first by its name."""
    world.kernel.cables = frozenset({"eth1"})
    await eventually(lambda: primary(world) == "eth1")
    world.kernel.cables = frozenset({"eth0", "eth1"})
    await asyncio.sleep(0.05)
    world.kernel.behind_our_back(SetFilter("bond0", None))
    await eventually(lambda: primary(world) != "")
    assert primary(world) == "eth1"
    await world.stop()


async def test_where_lacp_has_other_ports_it_is_told_again_when_they_carry_traffic(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the call announces is lost while the partner is waited for."""
    monkeypatch.setattr(slb_keeper, "LACP_SETTLING", 0.3)
    await world.do(bond.set_mode, bond_of(world.model).ref, "lacp")
    done = len(world.kernel.done)
    await eventually(lambda: any(isinstance(step, Announce) for step in world.kernel.done[done:]))
    await asyncio.sleep(0.5)
    assert [step.name for step in world.kernel.done[done:] if isinstance(step, Announce)] == ["xapi0"]
    await world.stop()
