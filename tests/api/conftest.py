"""The fixtures of the API's tests: an engine, its socket, and a caller that has logged in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.api.calls.call import agent_of
from agent.api.http.dispatch import dispatcher
from agent.api.http.messages import Limits
from agent.api.http.server import serve
from tests.api.world import Caller, Client, EngineInMemory

IMPATIENT = Limits(request_seconds=0.3, idle_seconds=0.6)


@pytest.fixture
async def engine() -> EngineInMemory:
    return EngineInMemory()


@pytest.fixture
async def socket(tmp_path: Path, engine: EngineInMemory) -> AsyncIterator[Path]:
    """The path of a socket that is served as in the daemon."""
    path = tmp_path / "pifd.sock"
    async with serve(path, dispatcher(agent_of(engine))):
        yield path


@pytest.fixture
async def impatient(tmp_path: Path, engine: EngineInMemory) -> AsyncIterator[Path]:
    """The path of a socket that is served with little time for a request, and between two."""
    path = tmp_path / "impatient.sock"
    async with serve(path, dispatcher(agent_of(engine)), limits=IMPATIENT):
        yield path


@pytest.fixture
async def client(socket: Path) -> AsyncIterator[Client]:
    async with await Client.connect(socket) as client:
        yield client


@pytest.fixture
async def api(client: Client) -> Caller:
    return await Caller.login(client)
