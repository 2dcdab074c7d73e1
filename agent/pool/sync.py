"""Taking over what the master has: each object is a change of its own, so that one stops no other."""

import logging
from collections.abc import Awaitable
from typing import Any, Protocol

from agent.engine.engine import Decide
from agent.errors import Failure
from agent.model.model import Model, this_host
from agent.rules.replication import PHASES, Correspondence, done, not_done

log = logging.getLogger("pifd.pool")


class Engine(Protocol):
    """What carries changes out."""

    @property
    def model(self) -> Model: ...
    def change(self, decide: Decide) -> Awaitable[Any]: ...


async def sync(engine: Engine, by: Correspondence) -> tuple[str, ...]:
    """Carry all of it out; a line for each object."""
    host, lines = this_host(engine.model), list[str]()
    if host is None:
        return ()
    for phase in PHASES:
        for copy in tuple(phase(engine.model, host.ref, by)):
            try:
                await engine.change(copy.plan)
            except Failure as failure:
                lines.append(not_done(copy, failure))
                log.error("taking over from the master: %s", lines[-1])
            else:
                lines.append(done(copy))
                log.info("taking over from the master: %s", lines[-1])
    return tuple(lines)
