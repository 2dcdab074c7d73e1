"""The engine notifies of devices that a record shows, and of nothing else."""

import asyncio
from collections.abc import Callable

from agent.api.views.pif_metrics import pif_metrics
from agent.kernel.state import Link
from agent.model.records import PIF
from tests.worlds.world import World, network_of


async def notices(world: World) -> int:
    """How often there was a change, after all who were to hear something have."""
    await asyncio.sleep(0)
    return world.engine.notifier.count


async def test_a_cable_that_is_pulled_rings_the_bell(world: World) -> None:
    before = await notices(world)
    assert "eth0" in world.engine.links_up
    world.kernel.cables = world.kernel.cables - {"eth0"}
    assert await notices(world) == before + 1
    assert "eth0" not in world.engine.links_up


async def test_of_a_NIC_that_comes_and_goes_the_bell_tells(world: World) -> None:
    before = await notices(world)
    gone = world.kernel.state.links["eth1"]
    world.kernel.remove("eth1")
    assert await notices(world) == before + 1
    world.kernel.insert(gone)
    assert await notices(world) == before + 2


async def test_what_no_record_shows_wakes_nobody(world: World) -> None:
    before = await notices(world)
    world.kernel.insert(Link(name="tap7", kind="tun", up=True))
    world.kernel.remove("tap7")
    assert await notices(world) == before


async def test_a_VMs_device_wakes_nobody(world: World) -> None:
    vif = await world.run_vm("web", network_of(world.model, "xenbr0").ref)
    device = next(name for name in world.kernel.state.links if name.startswith("vif"))
    assert world.model.get(vif).currently_attached
    before = await notices(world)
    world.kernel.remove(device)
    assert await notices(world) == before


async def test_another_active_slave_rings_the_bell_and_has_its_own_speed(world: World) -> None:
    await world.create_bond("eth0", "eth1")
    active = world.kernel.state.links["bond0"].active_slave
    world.kernel.speeds = {"eth0": 100, "eth1": 100, active: 10000}
    assert speed(world, "bond0") == 10000
    await until(lambda: [*world.engine.history.links_up.values()] == [(2, 2)])
    before = await notices(world)
    world.kernel.cables = world.kernel.cables - {active}
    await until(lambda: len(world.engine.history.messages) == 1)
    assert await notices(world) == before + 2  # of the bond, and of the message about it
    assert speed(world, "bond0") == 100


async def until(has_come: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not has_come():
            await asyncio.sleep(0.001)


async def test_a_daemon_that_has_ended_hears_nothing(world: World) -> None:
    engine = world.engine
    await engine.close()
    before = engine.notifier.count
    world.kernel.cables = frozenset()
    await asyncio.sleep(0)
    assert engine.notifier.count == before


async def test_the_next_daemon_hears(world: World) -> None:
    await world.restart()
    before = await notices(world)
    world.kernel.cables = frozenset()
    assert await notices(world) == before + 1


def speed(world: World, device: str) -> int:
    model = world.model
    every = pif_metrics(model, world.engine.links_up, world.engine.devices)
    base = [pif for pif in model.all(PIF) if pif.VLAN == -1]
    return next(m.speed for pif, m in zip(base, every, strict=True) if pif.device == device)
