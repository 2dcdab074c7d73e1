"""Session: this host's part in the pool, for as long as etcd can be used, and again when it can.

Connected, it learns what the others tell by a watch, publishes what changes here, and is heard of by a lease.
When etcd can't be used the host goes on by itself: nothing waits for it, and what was done meanwhile is
published later.  What all hosts share, networks and the pool itself, is changed in etcd first, guarded by
revisions, and is refused while that can't be.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from agent.engine.engine import Engine
from agent.model.model import this_host
from agent.model.records import Host, Pool, Ref
from agent.pool import layout
from agent.pool.entries import Entries, Store
from agent.pool.etcd import Entry, Unavailable
from agent.pool.layout import uuid_of
from agent.pool.learning import Learner
from agent.pool.liveness import Liveness
from agent.pool.membership import Membership
from agent.pool.publishing import Publisher
from agent.pool.sync import Follower
from agent.rules.corresponding_nics import Correspondence

log = logging.getLogger("pifd.pool")

RETRY_FIRST, RETRY_LAST = 0.2, 5.0
"""Seconds between two attempts to use etcd."""
JOINING = 10.0
"""Seconds that a member may take to have published all that it has."""


class Session:
    """lease: seconds without a sign until this host counts as dead.  follows: whether it takes over at once
    what its master changes.

    entries: etcd's keys as they are known here.  on_entry: who else hears of keys.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        *,
        lease: int = 10,
        by: Correspondence = "device",
        follows: bool = False,
    ) -> None:
        self.entries, self._engine, self.by = Entries(store), engine, by
        self.liveness = Liveness(self.entries, engine, lease)
        self.learner = Learner(self.entries, engine)
        self.membership = Membership(self.entries, engine, self.learner, by)
        self.follower = Follower(engine, by, follows=follows)
        self._publisher = Publisher(self.entries, self.liveness.run)
        self._is_published = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.on_entry: Callable[[str, Entry | None], None] = lambda key, entry: None

    @property
    def this(self) -> Host:
        return self.membership.this

    @property
    def _master(self) -> Ref[Host]:
        return self._engine.model.all(Pool)[0].master

    @property
    def words(self) -> str:
        """One line on the pool, "" where all is well."""
        if self.entries.trouble:
            return f"the pool's store can't be used: {self.entries.trouble}"
        return self.learner.refused or self.follower.words

    async def join(self) -> None:
        """This host becomes a member, and has published all that it has."""
        await self.membership.join()
        self._is_published.clear()
        self.entries.again.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(JOINING):
                await self._is_published.wait()

    # --- the connection ----------------------------------------------------------------------------

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self.follower.keep())]

    async def close(self) -> None:
        if self._tasks and not self.entries.trouble:
            await self.liveness.leave(self.this)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
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
        self.entries.again.clear()
        if this_host(self._engine.model) is None:
            raise Unavailable("this host is not taken over yet")
        await self.entries.store.open()
        self.entries.known, revision = await self.entries.store.read()
        self.learner.forget()
        self._check_version()
        is_member = await self.membership.settle()
        await self.entries.store.lease(self.liveness.seconds)
        if is_member:
            await self.liveness.be_alive(self.this)
        self._is_connected()
        jobs = [self._watch(revision), self.liveness.stay(), self.entries.again.wait()]
        if is_member:
            jobs += [self._keep_learning(), self._keep_published(), self.liveness.keep_ends()]
        await first_of(jobs)

    def _is_connected(self) -> None:
        if self.entries.trouble:
            log.info("the pool's store is at %s", self.entries.store.endpoint)
        self.entries.trouble = ""
        self.entries.is_open.set()
        self._engine.notifier.notify()
        for key, entry in [*self.entries.known.items()]:
            self.on_entry(key, entry)

    def _check_version(self) -> None:
        """Raises Unavailable where a pifd with another layout has made the pool."""
        version = self.entries.value(layout.SCHEMA)
        if version != layout.SCHEMA_VALUE and self.entries.known.keys() & {layout.SCHEMA, layout.POOL}:
            there = "no version" if version is None else f"version {version.decode(errors='replace')}"
            words = f"a pool of {there} is in it, this pifd knows {layout.VERSION}"
            raise Unavailable(f"{self.entries.store.endpoint}: {words}")

    async def _watch(self, revision: int) -> None:
        async for group in self.entries.store.changes(revision):
            for key, entry in group.items():
                self._hear(key, entry)
            self._engine.notifier.notify()

    def _hear(self, key: str, entry: Entry | None) -> None:
        self.entries.hear(key, entry)
        if key.startswith(layout.ALIVE):
            self.liveness.news.set()
        elif not key.startswith(layout.PUBLISHED) or key.endswith(uuid_of(self._master)):
            self.learner.again.set()
        is_other = key == layout.SCHEMA and (entry is None or entry.value != layout.SCHEMA_VALUE)
        is_gone = key == layout.POOL and entry is None
        if is_other or is_gone or key == f"{layout.EJECTED}{self.this.uuid}":
            self.entries.again.set()
        self.on_entry(key, entry)

    async def _keep_learning(self) -> None:
        """What this host can't take is tried again after a while."""
        while True:
            self.learner.again.clear()
            has_published = self.liveness.has_published(self._master)
            await self.learner.learn()
            self.follower.learnt(has_published=has_published)
            patience = self.liveness.seconds if self.learner.refused else None
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self.learner.again.wait()

    async def _keep_published(self) -> None:
        self._publisher.forget()
        while True:
            changed = self._engine.notifier.next()
            await self._publisher.publish(self._engine.model)
            self._is_published.set()
            await changed.wait()


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
