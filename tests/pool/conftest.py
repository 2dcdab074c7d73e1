"""The watch over what a test leaves, as far as grpc lets it be kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """The test fails that leaves a task running.  grpc keeps sockets of its own for each event loop."""
    yield
    own = asyncio.current_task()
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert [task for task in asyncio.all_tasks() if task is not own] == []
