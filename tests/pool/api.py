"""A member's API: its method table, asked as by its socket; requests of other hosts come to it."""

import asyncio
import os
from functools import partial
from typing import Any

from agent.api.calls import methods
from agent.api.calls.call import Agent, agent_of
from agent.api.calls.pool_wide import POOL_WIDE
from agent.api.calls.requested import carry_out
from agent.api.calls.routing import PoolDoor
from agent.api.sessions.caller import Caller, Client
from agent.pool.requests import Requests
from agent.pool.trials import Trials
from tests.pool.hosts import Member


class Api:
    """Root's calls to one member."""

    def __init__(self, member: Member, trials: Trials | None = None) -> None:
        self.member = member
        self.requests = requests = Requests(member.pool, trials)
        self.agent: Agent = agent_of(member.world.engine, pool=PoolDoor(member.pool, requests, POOL_WIDE))
        requests.carry_out = partial(carry_out, self.agent)
        self._client = Client(Caller(os.getuid(), os.getgid(), os.getpid()), asyncio.Event())
        self._session: Any = ""

    async def call(self, name: str, *arguments: Any) -> Any:
        if not self._session:
            self._session = await methods.call(
                self.agent, self._client, "session.login_with_password", ("root", "")
            )
        return await methods.call(self.agent, self._client, name, (self._session, *arguments))
