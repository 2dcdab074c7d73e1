"""Every part of every step refused, and every part the last before the process is killed, one by one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.engine import reconciler
from agent.errors import DeviceAttachRejected, Failure, PIFConfigurationError
from agent.kernel.state import KernelState
from agent.model.model import Model
from agent.rules import bond
from tests.fakes.fake_kernel import Killed
from tests.worlds.world import ADDRESS, World, bond_of, host, network_of, pif_of

Act = Callable[[World], Awaitable[object]]


async def create(world: World) -> None:
    home = network_of(world.model, "xapi0").ref
    await world.do(bond.create, home, [world.pif("eth0").ref, world.pif("eth1").ref], "")


async def destroy(world: World) -> None:
    await world.do(bond.destroy, bond_of(world.model).ref)


@pytest.fixture(params=["create", "destroy"])
async def act(request: pytest.FixtureRequest, world: World) -> Act:
    """Bond.create or Bond.destroy, with the world made ready for it."""
    await world.new_network()
    if request.param == "create":
        return create
    await create(world)
    return destroy


async def parts_of(act: Act, directory: Path, world: World) -> int:
    """How many parts a change has, tried on a twin of the world."""
    twin = World(directory / "twin")
    twin.file.parent.mkdir()
    await twin.start()
    await twin.new_network()
    if act is destroy:
        await create(twin)
    assert shape(twin.kernel.state) == shape(world.kernel.state)
    twin.kernel.expect()
    await act(twin)
    count = twin.kernel.parts
    await twin.stop()
    return count


def shape(state: KernelState) -> KernelState:
    """The state without the uuids in it."""
    return replace(state, links={name: replace(link, alias="") for name, link in state.links.items()})


def management_is_there(world: World) -> bool:
    return ADDRESS in {address.interface for address in world.kernel.state.addresses}


async def test_a_refused_part_leaves_everything_as_it_was(act: Act, world: World, tmp_path: Path) -> None:
    count = await parts_of(act, tmp_path, world)
    before = world.everything()
    for number in range(count):
        world.kernel.expect(refuse={number})
        with pytest.raises(Failure) as caught:
            await act(world)
        assert world.kernel.reason in caught.value.parameters[-1]
        assert world.everything() == before
        assert world.engine.in_model_state.is_set()
    assert count > 10


async def test_a_killed_change_is_undone_by_the_next_start(act: Act, world: World, tmp_path: Path) -> None:
    count = await parts_of(act, tmp_path, world)
    before = world.everything()
    for number in range(count):
        world.kernel.expect(die_at=number)
        with pytest.raises(Killed):
            await act(world)
        await world.restart()
        assert world.everything() == before
        assert management_is_there(world)
        assert world.engine.in_model_state.is_set()


async def test_a_start_that_is_killed_too_is_done_by_the_one_after(world: World) -> None:
    await world.new_network()
    before = world.everything()
    world.kernel.expect(die_at=12)
    with pytest.raises(Killed):
        await create(world)
    for number in range(3):
        await world.stop()
        with pytest.raises(Killed):
            await world.start(die_at=number)
        assert management_is_there(world)
    await world.restart()
    assert world.everything() == before


async def test_a_change_that_is_killed_before_its_commit_is_undone(act: Act, world: World) -> None:
    before = world.everything()
    assert world.store is not None
    world.store.expect(kills=0)
    with pytest.raises(Killed):
        await act(world)
    await world.restart()
    assert world.everything() == before


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[World]:
    """A host on which pifd has never been."""
    world = World(tmp_path)
    yield world
    await world.stop()


@pytest.fixture
async def taken(tmp_path: Path) -> tuple[KernelState, int]:
    """What a first start makes of the host, and in how many parts."""
    twin = World(tmp_path / "twin")
    twin.file.parent.mkdir()
    await twin.start()
    await twin.stop()
    return shape(twin.kernel.state), len(twin.kernel.done)


async def test_a_refused_first_start_leaves_the_host_as_it_was(
    fresh: World, taken: tuple[KernelState, int]
) -> None:
    before = fresh.kernel.state
    for number in range(taken[1]):
        with pytest.raises(Failure) as caught:
            await fresh.start(refuse={number})
        assert fresh.kernel.reason in caught.value.parameters[-1]
        assert (fresh.kernel.state, fresh.stored()) == (before, Model())
        await fresh.stop()


async def test_a_killed_first_start_is_completed_by_the_next(
    tmp_path: Path, taken: tuple[KernelState, int]
) -> None:
    for number in range(taken[1]):
        world = World(tmp_path / str(number))
        world.file.parent.mkdir()
        with pytest.raises(Killed):
            await world.start(die_at=number)
        assert management_is_there(world)
        await world.restart()
        assert shape(world.kernel.state) == taken[0]
        assert pif_of(world.model, "eth0").management is True
        await world.stop()


async def test_a_first_start_that_can_neither_go_on_nor_back_is_completed_by_the_next(
    fresh: World, taken: tuple[KernelState, int]
) -> None:
    for number in range(1, taken[1]):
        fresh.kernel.state = host()
        with pytest.raises(PIFConfigurationError):
            await fresh.start(refuse=range(number, 1000))
        await fresh.restart()
        assert shape(fresh.kernel.state) == taken[0]
        await fresh.stop()
        fresh.file.unlink()


async def test_an_undo_that_fails_is_told_and_done_later(
    act: Act, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "RETRY_FIRST", 0.001)
    monkeypatch.setattr(reconciler, "RETRY_LAST", 0.001)
    count = await parts_of(act, tmp_path, world)
    before = world.everything()
    for number in range(1, count):
        world.kernel.expect(refuse=range(number, 10_000))
        with pytest.raises((PIFConfigurationError, DeviceAttachRejected)) as caught:
            await act(world)
        said = caught.value.parameters[-1]
        assert said.count(world.kernel.reason) == 2
        assert "; undoing it failed too, and is tried again: " in said
        world.kernel.refuse = ()
        await world.engine.in_model_state.wait()
        assert world.everything() == before
