"""Taking over what the master has: one object that can't be had stops no other."""

import logging
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from agent.engine.engine import Decide
from agent.errors import Failure
from agent.model.draft import Plan
from agent.model.facts import Facts
from agent.model.model import Model, this_host
from agent.rules.replication import PHASES, Copy, Correspondence, done, missing_bonds, not_done, together

log = logging.getLogger("pifd.pool")


class Engine(Protocol):
    """What carries changes out."""

    @property
    def model(self) -> Model: ...
    def change(self, decide: Decide) -> Awaitable[Any]: ...


async def sync(engine: Engine, by: Correspondence) -> tuple[str, ...]:
    """Carry all of it out; a line for each object."""
    host, lines = this_host(engine.model), list[str]()
    for phase in PHASES if host is not None else ():
        assert host is not None
        copies = tuple(phase(engine.model, host.ref, by))
        at_once = phase is not missing_bonds and len(copies) > 1
        lines += await (all_at_once if at_once else one_by_one)(engine, copies)
    return tuple(lines)


async def all_at_once(engine: Engine, copies: Sequence[Copy]) -> list[str]:
    """VLANs and tunnels that are not plugged cost the kernel nothing: hundreds of them are one change."""
    lines = list[str]()

    def decide(model: Model, facts: Facts) -> Plan:
        found = together(model, copies, facts)
        lines[:] = found.lines
        return found.plan

    try:
        await engine.change(decide)
    except Failure:
        return await one_by_one(engine, copies)
    for line in lines:
        log.info("taking over from the master: %s", line)
    return lines


async def one_by_one(engine: Engine, copies: Sequence[Copy]) -> list[str]:
    """One that fails leaves what was in its place, and stops no other."""
    lines = list[str]()
    for copy in copies:
        try:
            await engine.change(copy.plan)
        except Failure as failure:
            lines.append(not_done(copy, failure))
            log.error("taking over from the master: %s", lines[-1])
        else:
            lines.append(done(copy))
            log.info("taking over from the master: %s", lines[-1])
    return lines
