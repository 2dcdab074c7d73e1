"""Settings of hypothesis, and the fixture of a running host."""

from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import Phase

from tests.worlds.world import World


def pytest_configure(config: pytest.Config) -> None:
    """The same examples each time, so that two runs say the same; `--hypothesis-seed=N` draws others."""
    fixed = config.getoption("--hypothesis-seed") is None
    hypothesis.settings.register_profile(
        "pifd",
        max_examples=1000,
        deadline=None,
        derandomize=fixed,
        database=None,
        print_blob=not fixed,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    hypothesis.settings.load_profile("pifd")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A host on which pifd runs; in the end nothing of anybody else's has been written to."""
    world = World(tmp_path)
    await world.start()
    yield world
    await world.stop()
    assert world.kernel.trespasses == []
