"""Calls of the API's methods with no socket in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from agent.api.calls.call import agent_of
from agent.api.calls.methods import call
from tests.api.callers import ROOT
from tests.api.world import EngineInMemory

Direct = Callable[..., Any]
"""Takes the method's name and its parameters, without the session."""


@asynccontextmanager
async def direct(engine: EngineInMemory) -> AsyncIterator[Direct]:
    """Calls in a session of root's; at the end the tasks that still run are waited for."""
    agent = agent_of(engine)
    session = await call(agent, ROOT, "session.login_with_password", ("root", ""))

    async def api(method: str, *params: Any) -> Any:
        return await call(agent, ROOT, method, (session, *params))

    yield api
    engine.gate.set()
    await agent.tasks.close()
