"""A change that is not wanted any more: stopped between two steps, whichever they are, and undone."""

from pathlib import Path
from typing import Any

import pytest

from agent.errors import TaskCancelled
from agent.model.records import Bond
from agent.rules import bond
from tests.worlds.world import World, bond_of, decision, network_of

NOBODY: Any = "OpaqueRef:00000000-0000-0000-0000-000000000000"


class OnChange:
    """Keeps what it is told, and wants no more once it has been told so often."""

    def __init__(self, enough: int = 10**6) -> None:
        self.told: list[tuple[int, int]] = []
        self._enough = enough

    def noted(self, words: str) -> None:
        """Nothing is chosen here."""

    def reached(self, done: int, of: int) -> None:
        self.told.append((done, of))
        if len(self.told) > self._enough:
            raise TaskCancelled(NOBODY)


async def create(world: World, progress: OnChange) -> None:
    members = [world.pif(device).ref for device in ("eth0", "eth1")]
    home = network_of(world.model, "xapi0").ref
    await world.engine.change(decision(bond.create, home, members, ""), progress)


async def destroy(world: World, progress: OnChange) -> None:
    await world.engine.change(decision(bond.destroy, bond_of(world.model).ref), progress)


async def told_of(directory: Path) -> tuple[OnChange, OnChange]:
    """What a creation and a destruction tell that nobody stops, on another host like this one."""
    twin = World(directory)
    await twin.start()
    await twin.new_network()
    created, destroyed = OnChange(), OnChange()
    await create(twin, created)
    await destroy(twin, destroyed)
    await twin.stop()
    return created, destroyed


async def test_a_change_tells_how_many_of_its_steps_are_done(tmp_path: Path) -> None:
    created, destroyed = await told_of(tmp_path)
    for told in (created.told, destroyed.told):
        steps = told[1][1]
        assert told == [(0, 1), *((done, steps) for done in range(steps))]
        assert steps > 4


async def test_a_change_that_is_cancelled_between_any_two_steps_leaves_everything_as_it_was(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "twin").mkdir()
    created, destroyed = await told_of(tmp_path / "twin")
    await world.new_network()
    for act, told in ((create, created), (destroy, destroyed)):
        before = world.everything()
        for enough in range(len(told.told)):
            with pytest.raises(TaskCancelled):
                await act(world, OnChange(enough))
            assert world.everything() == before
        await act(world, OnChange())
    assert world.model.all(Bond) == ()
