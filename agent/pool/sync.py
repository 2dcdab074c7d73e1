"""Taking over what the master has: one object that fails stops no other."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from agent.engine.decisions import Decide
from agent.engine.notifier import Notifier
from agent.errors import Failure
from agent.logs import going_on
from agent.model.draft import Plan
from agent.model.facts import Facts
from agent.model.model import Model, host_of, this_host
from agent.model.records import Host, Pool, Record, Ref
from agent.rules.corresponding_nics import Correspondence
from agent.rules.replication import PHASES, Copy, done, is_refused, missing_bonds, not_done, together

log = logging.getLogger("pifd.pool")


class Engine(Protocol):
    """What carries changes out."""

    @property
    def model(self) -> Model: ...
    @property
    def notifier(self) -> Notifier: ...
    def change(self, decide: Decide) -> Awaitable[Any]: ...


class Follower:
    """Takes over at the start of the daemon, and where `follows` whenever the master has changed anything.

    The master may start later than its member, and have what etcd does not know yet: then it is done again.
    report: what became of the last time, a line for each object.
    """

    def __init__(self, engine: Engine, by: Correspondence, *, follows: bool) -> None:
        self._engine, self._by, self._follows = engine, by, follows
        self.report: tuple[str, ...] = ()
        self._news = asyncio.Event()
        self._taken: Mapping[Ref[Any], Record] = {}
        self._has_published = self._is_whole = False

    @property
    def words(self) -> str:
        """One line on what could not be taken over, "" where all is well."""
        lines = [line for line in self.report if is_refused(line)]
        more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
        return f"the master's {lines[0]}{more}" if lines else ""

    def learnt(self, *, has_published: bool) -> None:
        """The model has what the master has told, which was all that it has, or was not."""
        self._has_published = has_published
        self._news.set()

    async def keep(self) -> None:
        """One time after the other; what changes during one is seen after it."""
        while True:
            await self._news.wait()
            self._news.clear()
            is_whole, theirs = self._has_published, of_the_master(self._engine.model)
            if theirs and theirs != self._taken and (self._follows or not self._is_whole):
                self._taken = theirs
                await self._take_over()
            self._is_whole = self._is_whole or (is_whole and bool(theirs))

    async def _take_over(self) -> None:
        with going_on(log, "what the master has could not be taken over"):
            self.report = await sync(self._engine, self._by)
        self._engine.notifier.notify()


def of_the_master(model: Model) -> Mapping[Ref[Any], Record]:
    """What is the master's, as it is known here; nothing on the master itself."""
    host, pool = this_host(model), next(iter(model.all(Pool)), None)
    if host is None or pool is None or pool.master == host.ref:
        return {}
    return {
        record.ref: record
        for record in model.records.values()
        if host_of(model, record) == pool.master and not isinstance(record, Host)
    }


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
