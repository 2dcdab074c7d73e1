"""What another host's daemon asks this one to carry out."""

import asyncio
from collections.abc import Mapping
from functools import partial

from agent.api.calls.call import Agent, Call
from agent.api.calls.methods import method_named
from agent.api.calls.pool_wide import POOL_WIDE
from agent.api.calls.routing import PoolDoor, entry_for
from agent.api.encodings.values import Value
from agent.api.sessions.caller import Caller, Client
from agent.pool.requests import Requests
from agent.pool.session import Session as PoolSession
from agent.pool.trials import Trials


def door_to(session: PoolSession, trials: Trials) -> PoolDoor:
    """The pool as the API is to know it."""
    return PoolDoor(session, Requests(session, trials), POOL_WIDE)


def begin(agent: Agent) -> None:
    """From now on this host is in its pool, and carries out what others ask."""
    if isinstance(agent.pool, PoolDoor):
        agent.pool.requests.carry_out = partial(carry_out, agent)
        agent.pool.requests.resume()
        agent.pool.session.begin()


async def end(agent: Agent) -> None:
    """What is being carried out comes to its end first."""
    if isinstance(agent.pool, PoolDoor):
        await agent.pool.requests.close()
        await agent.pool.session.close()


async def carry_out(agent: Agent, name: str, arguments: Mapping[str, Value], by: str) -> Value:
    """As if somebody on this host had called it; the caller's own host has seen to it that he may.

    The audit logs of both hosts have it.
    """
    method = method_named(name)
    known = {parameter.name: parameter for parameter in method.parameters}
    given = {key: known[key].check(value) for key, value in arguments.items() if key in known}
    call = Call(agent, Client(Caller(0, 0, 0), asyncio.Event()), "", method.name)
    if not method.changes:
        return await method.run(call, **given)
    return await agent.audit.around(entry_for(name, arguments, by), partial(method.run, call, **given))
