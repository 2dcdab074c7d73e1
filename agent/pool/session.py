"""Session: this host's part in the pool, for as long as etcd can be used, and again when it can.

Connected, it learns what the others tell by a watch, publishes what changes here, and is heard of by a lease.
When etcd can't be used the host goes on by itself: nothing waits for it, and what was done meanwhile is
published later.  What all hosts share, networks and the pool itself, is changed in etcd first, guarded by
revisions, and is refused while that can't be.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from agent.engine.engine import Engine
from agent.errors import Failure, PoolUnavailable
from agent.model.draft import Draft, Plan
from agent.model.facts import Facts
from agent.model.model import Model, this_host
from agent.model.records import Host, Network, Pool, Ref
from agent.pool import layout
from agent.pool.entries import Entries, Store, parts
from agent.pool.etcd import NO_SUCH_KEY, Entry, Unavailable
from agent.pool.layout import Reading, key_of, uuid_of, written
from agent.pool.publishing import Publisher
from agent.pool.sync import sync
from agent.rules.membership import Told, join, learn, leave
from agent.rules.replication import Correspondence

log = logging.getLogger("pifd.pool")

RETRY_FIRST, RETRY_LAST = 0.2, 5.0
"""Seconds between two attempts to use etcd."""
JOINING = 10.0
"""Seconds that a member may take to have published all that it has."""


class Session:
    """lease: seconds without a sign until this host counts as dead.  follows: whether it takes over at once
    what its master changes.  version: of this pifd.

    entries: etcd's keys as they are known here.  refused: what the pool has and can't be had here, and why.
    report: what became of the last taking over from the master, a line for each object.
    on_entry: who else hears of keys.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        *,
        lease: int = 10,
        by: Correspondence = "device",
        follows: bool = False,
        version: str = "",
    ) -> None:
        self.entries, self._engine = Entries(store), engine
        self._lease, self.by, self._follows = lease, by, follows
        self._publisher = Publisher(self.entries, version)
        self.report: tuple[str, ...] = ()
        self.refused = ""
        self.on_entry: Callable[[str, Entry | None], None] = lambda key, entry: None
        self._reading = Reading()
        self._again, self._learn_again = self.entries.again, asyncio.Event()
        self._is_published = asyncio.Event()
        self._synced_with: object = None
        self._task: asyncio.Task[None] | None = None
        self._syncing: asyncio.Task[None] | None = None

    # --- what others ask ---------------------------------------------------------------------------

    @property
    def this(self) -> Host:
        host = this_host(self._engine.model)
        assert host is not None
        return host

    @property
    def pool(self) -> Pool:
        return self._engine.model.all(Pool)[0]

    @property
    def words(self) -> str:
        """One line on the pool, "" where all is well."""
        if self.entries.trouble:
            return f"the pool's store can't be used: {self.entries.trouble}"
        return self.refused

    def is_live(self, host: Ref[Host]) -> bool:
        """Whether a host has been heard of within its lease."""
        return f"{layout.ALIVE}{uuid_of(host)}" in self.entries.known and not self.entries.trouble

    def last_published(self, host: Ref[Host]) -> datetime | None:
        """When a host has published anything the last time."""
        entry = self.entries.known.get(f"{layout.PUBLISHED}{uuid_of(host)}")
        with suppress(ValueError, KeyError, TypeError):
            return datetime.fromisoformat(json.loads(entry.value)["at"]) if entry else None
        return None

    # --- membership --------------------------------------------------------------------------------

    async def join(self) -> None:
        """This host becomes a member of the pool that is in etcd."""
        self.entries.check()
        told = self.told()
        if told is None:
            raise PoolUnavailable("there is no pool in it")
        plan = join(self._engine.model, told, self.by)
        new = [one for one in plan.after.all(Network) if one.ref not in told.networks]
        claims = {key: one.uuid.encode() for one in new for key in layout.claims(one)}
        puts = {key_of(one): written(one) for one in new} | claims
        puts |= {key_of(self.this, self.this.ref): written(self.this)}
        guards = dict.fromkeys((*claims,), NO_SUCH_KEY) | {layout.POOL: self.entries.revision(layout.POOL)}
        await self.entries.write(guards, puts, [f"{layout.EJECTED}{self.this.uuid}"])
        try:
            await self._engine.change(lambda model, facts: learnt(join(model, told, self.by)))
        except BaseException:
            with suppress(Unavailable):
                await self.entries.store.commit({}, {}, [key for key in puts if key != layout.POOL])
            raise
        await self._have_settled()

    async def eject(self, host: Host) -> None:
        """A host is no member any more; it goes on alone with all that it has."""
        self.entries.check()
        tombstone = f"{layout.EJECTED}{host.uuid}"
        await self.entries.write({layout.POOL: self.entries.revision(layout.POOL)}, {tombstone: b"{}"}, ())
        await self.entries.asked(self.entries.store.remove(f"{layout.HOSTS}{host.uuid}/"))
        await self.entries.write({}, {}, [f"{layout.PUBLISHED}{host.uuid}", f"{layout.ALIVE}{host.uuid}"])
        self.entries.known = {
            key: entry
            for key, entry in self.entries.known.items()
            if not key.startswith(f"{layout.HOSTS}{host.uuid}/")
        }
        await (self._leave() if host.ref == self.this.ref else self._learn())

    async def _leave(self) -> None:
        log.warning("this host was ejected from the pool: it is alone from now on")
        await self._engine.change(lambda model, facts: learnt(leave(model)))
        self._again.set()

    async def _have_settled(self) -> None:
        self._is_published.clear()
        self._again.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_published.wait(), JOINING)

    # --- the connection ----------------------------------------------------------------------------

    def begin(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        for task in (self._task, self._syncing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.entries.store.close()

    async def _run(self) -> None:
        pause = RETRY_FIRST
        while True:
            try:
                await self._connected()
                pause = RETRY_FIRST
            except Unavailable as error:
                pause = RETRY_FIRST if not self.entries.trouble else min(2 * pause, RETRY_LAST)
                self._lose(str(error))
            except Exception as error:
                log.exception("the pool can't be looked after: it is tried again")
                pause = min(2 * pause, RETRY_LAST)
                self._lose(f"{type(error).__name__}: {error}")
            self.entries.is_open.clear()
            await self.entries.store.close()
            await asyncio.sleep(pause)

    def _lose(self, why: str) -> None:
        if why != self.entries.trouble:
            log.warning("the pool's store can't be used, this host goes on by itself: %s", why)
        self.entries.trouble = why
        self._engine.notifier.notify()

    async def _connected(self) -> None:
        """From one connection to its end."""
        self._again.clear()
        if this_host(self._engine.model) is None:
            raise Unavailable("this host is not taken over yet")
        await self.entries.store.open()
        self.entries.known, revision = await self.entries.store.read()
        self._check_version()
        is_member = await self._settle()
        await self.entries.store.lease(self._lease)
        if is_member:
            await self._be_alive()
        if self.entries.trouble:
            log.info("the pool's store is at %s", self.entries.store.endpoint)
        self.entries.trouble = ""
        self.entries.is_open.set()
        for key, entry in self.entries.known.items():
            self.on_entry(key, entry)
        jobs = [self._watch(revision), self._stay(), self._again.wait()]
        jobs += [self._keep_learning(), self._keep_published()] if is_member else []
        await first_of(jobs)

    def _check_version(self) -> None:
        entry = self.entries.known.get(layout.SCHEMA)
        version = int(entry.value) if entry and entry.value.isdigit() else layout.VERSION
        if version != layout.VERSION:
            words = f"a pool of version {version} is in it, this pifd knows {layout.VERSION}"
            raise Unavailable(f"{self.entries.store.endpoint}: {words}")

    async def _settle(self) -> bool:
        """Whether this host is a member.  Where there is no pool yet, it is the first one."""
        told, own = self.told(), self.pool
        if told is None and (not own.is_shared or own.master == self.this.ref):
            await self._found()
            return True
        if told is None:
            raise Unavailable(
                f"{self.entries.store.endpoint}: there is nothing in it; the pool's master will fill it"
            )
        if (
            not own.is_shared and told.pool.ref == own.ref
        ):  # it was made, and this daemon did not live to know
            await self._engine.change(lambda model, facts: learnt(founded(model)))
            return True
        if not own.is_shared:
            self.refused = ""
            return False
        if told.pool.ref != own.ref:
            raise Unavailable(f"{self.entries.store.endpoint}: another pool is in it, {told.pool.uuid}")
        if told.is_ejected:
            await self._leave()
            return False
        return True

    async def _found(self) -> None:
        """The pool, with this host's networks, is written where there is none."""
        model = self._engine.model
        pool = written(replace(self.pool, is_shared=True))
        puts = {layout.SCHEMA: str(layout.VERSION).encode(), layout.POOL: pool}
        for network in model.all(Network):
            puts |= {key_of(network): written(network)}
            puts |= {key: network.uuid.encode() for key in layout.claims(network)}
        for part in parts(puts):
            guards = {layout.POOL: NO_SUCH_KEY} if layout.POOL in part else {}
            revision = await self.entries.store.commit(guards, part)
            if revision is None:
                raise Unavailable(
                    f"{self.entries.store.endpoint}: another host has made a pool in it just now"
                )
            self.entries.note(part, (), revision)
        await self._engine.change(lambda model, facts: learnt(founded(model)))
        log.info("pool %s is in etcd now, with this host as its master", self.pool.uuid)

    async def _be_alive(self) -> None:
        key = f"{layout.ALIVE}{self.this.uuid}"
        revision = await self.entries.store.commit({}, {key: b"{}"}, leased=True)
        self.entries.note({key: b"{}"}, (), revision or 0)

    async def _stay(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            await self.entries.store.stay()
            if self.refused:
                self._learn_again.set()

    async def _watch(self, revision: int) -> None:
        async for group in self.entries.store.changes(revision):
            for key, entry in group.items():
                self._hear(key, entry)
            self._engine.notifier.notify()

    def _hear(self, key: str, entry: Entry | None) -> None:
        self.entries.hear(key, entry)
        if not key.startswith((layout.ALIVE, layout.PUBLISHED)):
            self._learn_again.set()
        is_other = key == layout.SCHEMA and (entry is None or entry.value != str(layout.VERSION).encode())
        if is_other or key == f"{layout.EJECTED}{self.this.uuid}":
            self._again.set()
        self.on_entry(key, entry)

    # --- learning and publishing -------------------------------------------------------------------

    def told(self) -> Told | None:
        """What etcd says to this host; None where there is no pool in it."""
        return self._reading.told(self.entries.known.copy(), self.this.ref)  # rules run in threads

    async def _keep_learning(self) -> None:
        while True:
            await self._learn()
            self._sync_if_wanted()
            await self._learn_again.wait()
            self._learn_again.clear()

    async def _learn(self) -> None:
        """The model as etcd has it.  A network that can't be had here so is said, and the rest goes on."""
        for networks in (True, False):
            try:
                await self._engine.change(partial(self._learning, networks=networks))
            except Failure as failure:
                words = f"the pool's networks can't be had here: {words_of(failure)}"
                if words != self.refused:
                    log.error("%s", words)
                self.refused = words
            else:
                self.refused = "" if networks else self.refused
                return

    def _learning(self, model: Model, facts: Facts, *, networks: bool) -> Plan:
        """Nothing is learnt of a pool that this host is not, or no more, a member of."""
        told = self.told()
        if told is None or told.pool.ref not in model.records:
            return learnt(Plan(model, model))
        return learnt(learn(model, told, networks=networks))

    def _sync_if_wanted(self) -> None:
        """At the start, and where the operator wants it whenever the master has changed anything."""
        master = self.pool.master
        told = frozenset(
            (key, entry.revision)
            for key, entry in self.entries.known.items()
            if key.startswith(f"{layout.HOSTS}{uuid_of(master)}/")
        )
        is_due = self._synced_with is None or (self._follows and told != self._synced_with)
        if master == self.this.ref or not told or not is_due:
            return
        if self._syncing is None or self._syncing.done():
            self._synced_with = told
            self._syncing = asyncio.create_task(self._sync())

    async def _sync(self) -> None:
        try:
            self.report = await sync(self._engine, self.by)
        except Exception:
            log.exception("what the master has could not be taken over")

    async def _keep_published(self) -> None:
        self._publisher.forget()
        while True:
            changed = self._engine.notifier.next()
            await self._publisher.publish(self._engine.model)
            self._is_published.set()
            await changed.wait()


def words_of(failure: Failure) -> str:
    return f"{failure.__doc__} {', '.join(failure.parameters)}"


def learnt(plan: Plan) -> Plan:
    """A plan that says what etcd has already."""
    return replace(plan, is_learnt=True)


def founded(model: Model) -> Plan:
    """The host's own pool is one that others can join."""
    draft = Draft(model)
    for pool in model.all(Pool):
        draft.put(replace(pool, is_shared=True))
    return Plan(model, draft.model)


async def first_of(jobs: Collection[Any]) -> None:
    """Do several things until one of them ends, or fails."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
