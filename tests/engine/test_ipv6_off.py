"""A device on which somebody switched IPv6 off: what takes its place has none, and nothing else suffers."""

import asyncio
from dataclasses import replace
from pathlib import Path

from agent.kernel.state import Address, KernelState
from tests.worlds.hosts import ADDRESS6
from tests.worlds.world import ADDRESS, World, host


def on(state: KernelState, name: str) -> list[str]:
    return sorted(address.interface for address in state.addresses if address.link == name)


def without_ipv6(state: KernelState, name: str) -> KernelState:
    """As when somebody writes to disable_ipv6."""
    left = frozenset(a for a in state.addresses if a.link != name or a.version == 4)
    routes = frozenset(r for r in state.routes if r.link != name or r.version == 4)
    return replace(state, addresses=left, routes=routes, no_ipv6=state.no_ipv6 | {name})


async def test_a_NIC_without_IPv6_is_taken_over_and_bonded(tmp_path: Path) -> None:
    world = World(tmp_path, without_ipv6(host(), "eth0"))
    await world.start()
    assert (on(world.kernel.state, "xenbr0"), bool(world.engine.condition)) == ([ADDRESS], False)
    await world.create_bond("eth0", "eth1")
    assert on(world.kernel.state, "xapi0") == [ADDRESS]
    assert world.engine.in_model_state.is_set()
    await world.stop()


async def test_addresses_that_are_away_with_IPv6_hold_up_no_bond_and_are_told(tmp_path: Path) -> None:
    state = host()
    world = World(tmp_path, replace(state, addresses=state.addresses | {Address("eth0", ADDRESS6)}))
    await world.start()
    world.kernel.state = without_ipv6(world.kernel.state, "xenbr0")
    await world.create_bond("eth0", "eth1")
    assert on(world.kernel.state, "xapi0") == [ADDRESS]
    assert not world.engine.in_model_state.is_set()
    assert list(world.engine.condition.deviations.values()) == [
        "IPv6 is switched off on xapi0, by disable_ipv6"
    ]
    world.kernel.state = replace(world.kernel.state, no_ipv6=frozenset())
    async with asyncio.timeout(30):
        await world.engine.in_model_state.wait()
    assert ADDRESS6 in on(world.kernel.state, "xapi0")
    await world.stop()
