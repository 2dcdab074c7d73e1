"""What holds of any calls to the engine of any host: the kernel is as the model wants, or as it was."""

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings

from agent.desired.desired import desired
from agent.errors import Failure
from agent.kernel.state import KernelState
from agent.model.layering import given_by
from agent.model.model import Model, here
from agent.rules.rectify import rectify
from agent.store.sqlite import Store
from tests.fakes.fake_hotplug import vif_device
from tests.fakes.fake_kernel import Killed
from tests.rules.calls import called
from tests.rules.invariants import violations
from tests.worlds.hosts import FOREIGN, nic
from tests.worlds.models import MODELS, Numbers, numbers
from tests.worlds.world import World, mac

CALLS_IN_A_ROW = 4
NUMBERS_A_CALL = 12
NICS = 8
DEVICES = [f"vif{domid}.{device}" for domid in range(1, 10) for device in range(4)]


def host_of_many() -> KernelState:
    """A host with the NICs and VIF devices that the models may have, as they are before pifd."""
    nics = [nic(number, MAC=mac(0x40 + number)) for number in range(NICS)]
    links = (*FOREIGN, *nics, *map(vif_device, (*DEVICES, "tap7")))
    return KernelState({link.name: link for link in reversed(links)})


async def started(directory: str, model: Model) -> World:
    """A process that finds a model in its store."""
    world = World(Path(directory), host_of_many(), " ".join(f"eth{number}" for number in range(NICS)))
    store = Store(world.file)
    store.commit(Model(), model)
    store.close()
    await world.start()
    return world


def is_in_the_models_state(world: World) -> bool:
    state, model = world.kernel.state, here(world.model)
    return desired(model, state, given_by(model)) == state


async def call_in_a_row(world: World, drawn: Numbers) -> None:
    for _ in range(CALLS_IN_A_ROW):
        before = world.everything()
        try:
            await world.engine.change(lambda model, facts: called(model, drawn))
        except Failure:
            assert world.everything() == before
        assert (is_in_the_models_state(world), violations(world.model)) == (True, [])
        assert world.stored() == world.model


async def die_in_a_call(world: World, drawn: Numbers) -> None:
    """The process is killed at some part of one of the calls, and started again."""
    world.kernel.expect(die_at=drawn.below(16))
    for _ in range(2 * CALLS_IN_A_ROW):
        before = world.everything()
        with suppress(Failure, Killed):
            await world.engine.change(lambda model, facts: called(model, drawn))
        if world.kernel.dead:
            await world.restart()
            assert world.everything() == before or has_more_devices(before[1], world.model)
            assert (is_in_the_models_state(world), violations(world.model)) == (True, [])
            return


def has_more_devices(before: Model, after: Model) -> bool:
    """Calls that give devices to pifd are written down first, and so have happened."""
    return given_by(here(after)).names > given_by(here(before)).names


@settings(max_examples=300)
@given(MODELS, numbers(CALLS_IN_A_ROW * NUMBERS_A_CALL))
def test_after_each_call_the_kernel_is_what_the_model_wants(model: Model, drawn: Numbers) -> None:
    async def run(directory: str) -> None:
        world = await started(directory, model)
        try:
            assert (world.model, is_in_the_models_state(world)) == (rectify(model).model, True)
            await call_in_a_row(world, drawn)
        finally:
            await world.stop()
        assert world.kernel.trespasses == []

    with TemporaryDirectory() as directory:
        asyncio.run(run(directory))


@settings(max_examples=300)
@given(MODELS, numbers(1 + 2 * CALLS_IN_A_ROW * NUMBERS_A_CALL))
def test_a_call_in_which_the_process_was_killed_has_not_happened(model: Model, drawn: Numbers) -> None:
    async def run(directory: str) -> None:
        world = await started(directory, model)
        try:
            await die_in_a_call(world, drawn)
        finally:
            await world.stop()

    with TemporaryDirectory() as directory:
        asyncio.run(run(directory))
