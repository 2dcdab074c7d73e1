"""Membership: this host makes the pool, joins it, leaves it, or is told that it is in it no more."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from agent.engine.engine import Engine
from agent.errors import OperationNotAllowed, PoolUnavailable
from agent.model.draft import Draft, Plan
from agent.model.model import Model, this_host
from agent.model.records import Host, Network, Pool
from agent.pool import layout
from agent.pool.entries import Entries, parts
from agent.pool.etcd import NO_SUCH_KEY, Unavailable
from agent.pool.layout import key_of, with_claims, written
from agent.pool.learning import Learner, learnt
from agent.rules.corresponding_nics import Correspondence
from agent.rules.membership import PoolContents, designate_new_master, join, leave

log = logging.getLogger("pifd.pool")

EMPTY = "there is nothing in it; the pool's master will fill it"
"""What is wrong with an etcd that has lost everything, as a member sees it."""


class Membership:
    """by: how NICs of two hosts correspond."""

    def __init__(self, entries: Entries, engine: Engine, learner: Learner, by: Correspondence) -> None:
        self._entries, self._engine, self._learner, self._by = entries, engine, learner, by

    @property
    def this(self) -> Host:
        host = this_host(self._engine.model)
        assert host is not None
        return host

    async def join(self) -> None:
        """This host becomes a member of the pool that is in etcd."""
        self._entries.check()
        contents = self._learner.contents()
        if contents is None:
            raise PoolUnavailable("there is no pool in it")
        plan = join(self._engine.model, contents, self._by)
        puts = self._brought_along(plan, contents)
        claims = [key for key in puts if key.startswith((layout.BRIDGES, layout.KEYS))]
        guards = dict.fromkeys(claims, NO_SUCH_KEY) | {layout.POOL: self._entries.revision(layout.POOL)}
        await self._entries.write(guards, puts, [f"{layout.EJECTED}{self.this.uuid}"])
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self._take_back, puts)
            await self._engine.change(lambda model, facts: learnt(join(model, contents, self._by)))
            undo.pop_all()

    async def _take_back(self, puts: Iterable[str]) -> None:
        with suppress(Unavailable):
            await self._entries.store.commit({}, {}, [*puts])

    def _brought_along(self, plan: Plan, contents: PoolContents) -> Mapping[str, bytes]:
        """This host, and the networks that the pool has not."""
        puts = {key_of(self.this, self.this.ref): written(self.this)}
        for network in plan.after.all(Network):
            if network.ref not in contents.networks:
                puts |= with_claims(network)
        return puts

    async def eject(self, host: Host) -> None:
        """A host is no member any more; it goes on alone with all that it has."""
        self._entries.check()
        below, tombstone = f"{layout.HOSTS}{host.uuid}/", f"{layout.EJECTED}{host.uuid}"
        guards = {layout.POOL: self._entries.revision(layout.POOL)}
        await self._entries.write(guards, {tombstone: b"{}"}, ())
        await self._entries.asked(self._entries.store.remove(below))
        await self._entries.write({}, {}, [f"{layout.PUBLISHED}{host.uuid}", f"{layout.ALIVE}{host.uuid}"])
        for key in [key for key in self._entries.known if key.startswith(below)]:
            self._entries.known.pop(key)
        await (self.leave() if host.ref == self.this.ref else self._learner.learn())

    async def be_master(self) -> None:
        """This host fills an etcd that has lost the pool, in the place of a master that is dead as well."""
        if EMPTY not in self._entries.trouble:
            self._entries.check()
            raise OperationNotAllowed("the pool is in etcd: use pool.designate_new_master")
        log.warning("this host is the pool's master from now on: etcd knows of no pool any more")
        await self._engine.change(lambda model, facts: learnt(designate_new_master(model, self.this.ref)))
        self._entries.again.set()

    async def leave(self) -> None:
        log.warning("this host was ejected from the pool: it is alone from now on")
        await self._engine.change(lambda model, facts: learnt(leave(model)))
        self._entries.again.set()

    # --- at each connection -------------------------------------------------------------------------

    async def settle(self) -> bool:
        """Whether this host is a member.  Where there is no pool yet, it is the first one.

        Raises Unavailable where etcd has not the pool that this host is in.
        """
        contents, own = self._learner.contents(), self._engine.model.all(Pool)[0]
        if contents is None:
            await self._found(own)
            return True
        if not own.is_shared:
            self._learner.refused = ""
            return await self._has_founded(contents, own)
        if contents.pool.ref != own.ref:
            raise self._unusable(f"another pool is in it, {contents.pool.uuid}")
        if contents.is_ejected:
            await self.leave()
        return not contents.is_ejected

    async def _has_founded(self, contents: PoolContents, own: Pool) -> bool:
        """Whether it made the pool, and this daemon did not live to know."""
        if contents.pool.ref != own.ref:
            return False
        await self._engine.change(lambda model, facts: learnt(founded(model)))
        return True

    async def _found(self, own: Pool) -> None:
        """The pool, with this host's networks, is written where there is none."""
        if own.is_shared and own.master != self.this.ref:
            raise self._unusable(EMPTY)
        pool = written(replace(own, is_shared=True))
        puts = {layout.SCHEMA: layout.SCHEMA_VALUE, layout.POOL: pool}
        for network in self._engine.model.all(Network):
            puts |= with_claims(network)
        for part in parts(puts):
            guards = {layout.POOL: NO_SUCH_KEY} if layout.POOL in part else {}
            revision = await self._entries.store.commit(guards, part)
            if revision is None:
                raise self._unusable("another host has made a pool in it just now")
            self._entries.note(part, (), revision)
        await self._engine.change(lambda model, facts: learnt(founded(model)))
        log.info("pool %s is in etcd now, with this host as its master", own.uuid)

    def _unusable(self, why: str) -> Unavailable:
        return Unavailable(f"{self._entries.store.endpoint}: {why}")


def founded(model: Model) -> Plan:
    """The host's own pool is one that others can join."""
    draft = Draft(model)
    for pool in model.all(Pool):
        draft.put(replace(pool, is_shared=True))
    return Plan(model, draft.model)
