"""Entries: etcd's keys as they are known here, and changing those that all hosts share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping
from contextlib import suppress
from typing import Any, Protocol

from agent.errors import PoolChanged, PoolUnavailable
from agent.model.model import Model
from agent.model.records import Network, Record
from agent.pool import layout
from agent.pool.etcd import NO_SUCH_KEY, Changes, Entry, Unanswered, Unavailable
from agent.pool.layout import key_of, written

OPENING = 3.0
"""Seconds that a change waits for a connection that is made anew."""
BATCH = 90
"""Keys in one transaction."""
MAYBE_DONE = "whether it was done all the same is seen when it answers again"


class Store(Protocol):
    """What a session needs of etcd; see agent.pool.etcd.  All of it raises Unavailable."""

    endpoint: str

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def read(self) -> tuple[dict[str, Entry], int]: ...
    def changes(self, revision: int) -> AsyncIterator[Changes]: ...
    async def commit(
        self,
        guards: Mapping[str, int],
        puts: Mapping[str, bytes],
        gone: Collection[str] = (),
        *,
        leased: bool = False,
    ) -> int | None: ...
    async def remove(self, below: str) -> None: ...
    async def lease(self, seconds: int) -> None: ...
    async def stay(self) -> None: ...


class Entries:
    """known: by key what etcd has.  trouble: why etcd can't be used, "" while it can.

    is_open: set but for the moment in which the connection is made anew.  again: set to have it so.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.known: dict[str, Entry] = {}
        self.trouble = "etcd has not answered yet"
        self.is_open, self.again = asyncio.Event(), asyncio.Event()

    def check(self) -> None:
        """Raises PIFD_POOL_UNAVAILABLE."""
        if self.trouble:
            raise PoolUnavailable(self.trouble)

    async def asked(self, asking: Awaitable[Any]) -> Any:
        """What etcd answers; PIFD_POOL_UNAVAILABLE where it does not."""
        try:
            return await asking
        except Unavailable as error:
            self.again.set()
            raise PoolUnavailable(str(error)) from error

    async def commit(self, before: Model, after: Model) -> None:
        """Change in etcd what all hosts share.  Raises PIFD_POOL_CHANGED where somebody else was first."""
        changed = [
            (before.records.get(ref), after.records.get(ref))
            for ref in sorted(before.table.differing(after.table))
        ]
        shared = [(old, new) for old, new in changed if layout.is_shared(old) or layout.is_shared(new)]
        shared = [(old, new) for old, new in shared if old != new]
        if not shared:
            return
        self.check()
        puts = {key_of(new): self._rewritten(new) for _, new in shared if new is not None}
        gone = {key_of(old) for old, _ in shared if old is not None} - puts.keys()
        guards = {key: self.revision(key) for key in (*puts, *gone)}
        for key, value in self._claims(shared):
            guards[key] = self.revision(key)
            if value is None:
                gone.add(key)
            elif guards[key] == NO_SUCH_KEY:
                puts[key] = value
            elif self.known[key].value != value:
                raise PoolChanged(key)
        await self.write(guards, puts, gone)

    def _rewritten(self, record: Record) -> bytes:
        """With what a newer pifd has written there that this one does not know."""
        return layout.with_unknown_fields(written(record), self.value(key_of(record)), type(record))

    def revision(self, key: str) -> int:
        return self.known[key].revision if key in self.known else NO_SUCH_KEY

    @staticmethod
    def _claims(shared: Collection[tuple[Record | None, Record | None]]) -> list[tuple[str, bytes | None]]:
        """The names that only one network can have: bridges and tunnel keys."""
        found: list[tuple[str, bytes | None]] = []
        for old, new in shared:
            had, has = (set(layout.claims(one)) if isinstance(one, Network) else set() for one in (old, new))
            owner = new or old
            assert owner is not None
            found += [(key, None) for key in sorted(had - has)]
            found += [(key, owner.uuid.encode()) for key in sorted(has - had)]
        return found

    async def write(
        self, guards: Mapping[str, int], puts: Mapping[str, bytes], gone: Collection[str]
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING):
                await self.is_open.wait()
        self.check()
        layout_kept = {layout.SCHEMA: self.revision(layout.SCHEMA)}
        try:
            revision = await self.asked(self.store.commit({**guards, **layout_kept}, puts, gone))
        except PoolUnavailable as failure:
            if isinstance(failure.__cause__, Unanswered):
                raise PoolUnavailable(f"{failure.__cause__}; {MAYBE_DONE}") from failure
            raise
        if revision is None:
            raise PoolChanged(", ".join(sorted(guards)))
        self.note(puts, gone, revision)

    def note(self, puts: Mapping[str, bytes], gone: Collection[str], revision: int) -> None:
        self.known |= {key: Entry(value, revision) for key, value in puts.items()}
        for key in gone:
            self.known.pop(key, None)

    def value(self, key: str) -> bytes | None:
        entry = self.known.get(key)
        return None if entry is None else entry.value

    def hear(self, key: str, entry: Entry | None) -> None:
        """What a watch tells, which may be older than what was written here."""
        there = self.known.get(key)
        if entry is None:
            self.known.pop(key, None)
        elif there is None or there.revision <= entry.revision:
            self.known[key] = entry


def parts(puts: Mapping[str, bytes]) -> list[dict[str, bytes]]:
    keys = [*puts]
    return [{key: puts[key] for key in keys[n : n + BATCH]} for n in range(0, len(keys), BATCH)]


def batches(puts: Mapping[str, bytes], gone: Collection[str]) -> list[tuple[dict[str, bytes], list[str]]]:
    """What is written first, in its order, then what goes; at least one batch where there is anything."""
    keys = [*gone]
    less = [keys[n : n + BATCH] for n in range(0, len(keys), BATCH)]
    return [*((part, []) for part in parts(puts)), *(({}, part) for part in less)]
