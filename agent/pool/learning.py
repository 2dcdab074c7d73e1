"""Learning: what etcd says to this host becomes part of its model."""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from agent.engine.engine import Engine
from agent.errors import Failure
from agent.model.draft import Plan
from agent.model.facts import Facts
from agent.model.model import Model, this_host
from agent.pool.entries import Entries
from agent.pool.layout import Reading
from agent.rules.membership import PoolContents, learn

log = logging.getLogger("pifd.pool")


class Learner:
    """again: set to have it learn.  refused: what the pool has and this host can't take, and why."""

    def __init__(self, entries: Entries, engine: Engine) -> None:
        self._entries, self._engine = entries, engine
        self._reading = Reading()
        self.again = asyncio.Event()
        self.refused = ""

    def forget(self) -> None:
        """Read all of it again: an etcd that was restored has the same revisions with other values."""
        self._reading = Reading()

    def contents(self) -> PoolContents | None:
        """What etcd says to this host; None where there is no pool in it."""
        host = this_host(self._engine.model)
        assert host is not None
        return self._reading.contents(self._entries.known.copy(), host.ref)  # rules run in threads

    async def learn(self) -> None:
        """The model as etcd has it.  A network that can't be taken is reported, and the rest goes on."""
        for networks in (True, False):
            try:
                await self._engine.change(partial(self._learning, networks=networks))
            except Failure as failure:
                words = f"this host can't take the pool's networks: {words_of(failure)}"
                if words != self.refused:
                    log.error("%s", words)
                self.refused = words
            else:
                self.refused = "" if networks else self.refused
                return

    def _learning(self, model: Model, facts: Facts, *, networks: bool) -> Plan:
        """Nothing is learnt of a pool that this host is not, or no more, a member of."""
        contents = self.contents()
        if contents is None or contents.pool.ref not in model.records:
            return learnt(Plan(model, model))
        return learnt(learn(model, contents, networks=networks))


def words_of(failure: Failure) -> str:
    return f"{failure.__doc__} {', '.join(failure.parameters)}"


def learnt(plan: Plan) -> Plan:
    """A plan that says what etcd has already."""
    return replace(plan, is_learnt=True)
