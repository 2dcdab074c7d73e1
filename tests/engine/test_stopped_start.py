"""A start that is told to stop: it ends at the next step, and the next start goes on from there."""

import asyncio

import pytest

from agent.engine.progress import Stoppable, Stopped
from agent.errors import Failure
from agent.hotplug.request import Request
from agent.kernel.steps import AwaitCarrier, Step
from agent.rules import pif
from tests.fakes.mortal_store import alter_store
from tests.worlds.world import ADDRESS, World, host, network_of


class After:
    """Sets an event once so many parts have been taken."""

    def __init__(self, parts: int) -> None:
        self.left, self.stop = parts, asyncio.Event()

    def __call__(self, step: Step) -> str:
        self.left -= 1
        if self.left < 0:
            self.stop.set()
        return ""


async def start(world: World, parts: int) -> bool:
    """Whether a start came to its end before it was stopped."""
    after = After(parts)
    world.kernel.obstacle = after
    try:
        await world.start(progress=Stoppable(after.stop))
    except (Stopped, Failure):
        return False
    finally:
        world.kernel.obstacle = lambda step: ""
    return True


async def test_a_start_stops_between_any_two_steps_and_the_next_one_goes_on(world: World) -> None:
    await world.do(pif.plug, world.pif("eth1").ref)
    before, parts = world.everything(), 0
    while True:
        await world.stop()
        world.kernel.state = host()
        if await start(world, parts):
            break
        await world.restart()
        assert world.everything() == before
        parts += 1
    assert parts > 10


async def test_a_first_start_that_is_stopped_leaves_the_host_as_it_was(world: World) -> None:
    parts = 0
    while True:
        await world.stop()
        world.file.unlink()
        world.kernel.state = host()
        if await start(world, parts):
            break
        assert world.kernel.state == host()
        parts += 1
    assert (parts > 5, world.addresses("xenbr0")[0]) == (True, ADDRESS)


async def test_a_start_that_waits_for_a_carrier_stops_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.stop()
    world.kernel.state = host()
    stop, apply = asyncio.Event(), world.kernel.apply

    async def patient(step: Step) -> None:
        if isinstance(step, AwaitCarrier):
            stop.set()
            await asyncio.sleep(300)
        await apply(step)

    monkeypatch.setattr(world.kernel, "apply", patient)
    async with asyncio.timeout(5):
        with pytest.raises(Stopped):
            await world.start(progress=Stoppable(stop))


async def test_a_start_that_waits_for_a_VM_stops_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.run_vm("alpha", network_of(world.model, "xenbr0").ref)
    await world.stop()
    alter_store(
        world.file,
        "UPDATE record SET fields = json_set(fields, '$.released', json('true')) WHERE class = 'VIF'",
    )
    stop = asyncio.Event()

    async def patient(request: Request) -> None:
        stop.set()
        await asyncio.sleep(300)

    monkeypatch.setattr(world.hotplug, "plug", patient)
    async with asyncio.timeout(5):
        with pytest.raises(Stopped):
            await world.start(progress=Stoppable(stop))
    await world.stop()
    monkeypatch.undo()
    await world.start()
    assert world.engine.in_model_state.is_set()
