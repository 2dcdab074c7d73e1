"""Hosts whose VMs are asked in a Bond.create, and what is compared before it and after."""

from pathlib import Path

from agent.rules import bond
from tests.worlds.world import World, network_of

Everything = tuple[object, ...]


async def host_with_vms(directory: Path, *, makes_devices: bool) -> World:
    """A VM on the network of eth0, where management is, one on that of eth1, and a free network."""
    directory.mkdir(exist_ok=True)
    world = World(directory, makes_devices=makes_devices)
    await world.start()
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    await world.run_vm("beta", network_of(world.model, "xenbr1").ref)
    await world.new_network()
    ready(world)
    return world


def ready(world: World) -> None:
    """Count kernel parts and requests from 0."""
    world.kernel.expect()
    world.hotplug.expect()
    world.hotplug.asked.clear()


async def create(world: World) -> None:
    home = network_of(world.model, "xapi0").ref
    await world.do(bond.create, home, [world.pif("eth0").ref, world.pif("eth1").ref], "")


def dying(world: World, when: str, number: int) -> None:
    """The process is to die before or after a request."""
    if when == "before":
        world.hotplug.expect(die_at=number)
    else:
        world.hotplug.expect(die_after=number)


def everything(world: World) -> Everything:
    """The kernel, the models, and the VIFs that VMs have, with the bridges that they know of."""
    return (*world.everything(), dict(world.hotplug.held))


def ports(world: World, bridge: str) -> list[str]:
    return [port.name for port in world.kernel.state.ports(bridge)]


async def counts(world: World, directory: Path) -> tuple[int, int]:
    """How many kernel parts and requests a Bond.create has, tried on a twin."""
    twin = await host_with_vms(directory / "twin", makes_devices=world.hotplug.makes_devices)
    await create(twin)
    found = twin.kernel.parts, twin.hotplug.requests
    await twin.stop()
    return found
