"""The watch over what a test leaves, as far as grpc lets it be kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.pool.etcd_server import Node, etcd
from tests.pool.hosts import Hosts


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """The test fails that leaves a task running.  grpc keeps sockets of its own for each event loop."""
    yield
    own = asyncio.current_task()
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert [task for task in asyncio.all_tasks() if task is not own] == []


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with etcd() as (node,):
        yield node


@pytest.fixture
async def hosts(tmp_path: Path, node: Node) -> AsyncIterator[Hosts]:
    async with AsyncExitStack() as stack:
        yield Hosts(tmp_path, node, stack)
