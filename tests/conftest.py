"""Settings of hypothesis, and the fixture of a running host."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
from hypothesis import Phase

from tests.worlds.world import World

TURNS = 5
SECONDS = 3.0


def pytest_configure(config: pytest.Config) -> None:
    """The same examples each time, so that two runs say the same; `--hypothesis-seed=N` draws others."""
    fixed = config.getoption("--hypothesis-seed") is None
    hypothesis.settings.register_profile(
        "pifd",
        max_examples=300,
        deadline=None,
        derandomize=fixed,
        database=None,
        print_blob=not fixed,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    hypothesis.settings.load_profile("pifd")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Each test has a watch over what it leaves behind, set up before all else."""
    for item in items:
        if isinstance(item, pytest.Function):
            is_async = inspect.iscoroutinefunction(inspect.unwrap(item.obj))
            watch = "no_task_is_left" if is_async else "no_socket_is_left"
            item.fixturenames.insert(of_the_test_alone(item), watch)


def of_the_test_alone(item: pytest.Function) -> int:
    """The place of the first fixture that is not shared with other tests; what is shared stays open."""
    known = item._fixtureinfo.name2fixturedefs
    shared = [name for name in item.fixturenames if name in known and known[name][-1].scope != "function"]
    return len(shared)


@pytest.fixture
def no_socket_is_left() -> Iterator[None]:
    """The test fails that leaves a socket open."""
    before, patience = open_sockets(), time.monotonic() + SECONDS
    yield
    while open_sockets() - before and time.monotonic() < patience:  # a thread of a fake may be at its end
        time.sleep(0.05)
    assert open_sockets() - before == set()


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """The test fails that leaves a task running or a socket open."""
    before = open_sockets()
    yield
    own = asyncio.current_task()
    for _ in range(TURNS):  # a task that is cancelled, and a transport that is closed, end in the next ones
        await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task is not own] == []
    assert open_sockets() - before == set()


def open_sockets() -> set[str]:
    """The sockets of this process, as the kernel numbers them."""
    found = set()
    for file in Path("/proc/self/fd").iterdir():
        try:
            target = str(file.readlink())
        except FileNotFoundError:  # the one that lists them
            continue
        found |= {target} if target.startswith("socket:") else set()
    return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A host on which pifd runs; in the end nothing of anybody else's has been written to."""
    world = World(tmp_path)
    await world.start()
    yield world
    await world.stop()
    assert world.kernel.trespasses == []
