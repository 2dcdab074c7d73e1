"""Journal: the full record of every object as it was last seen, and when it came, changed and went.

Times are generations: each object that comes, changes or goes makes a new one.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.api.encodings.values import Fixed, Value
from agent.api.events.affected import affected, hosts
from agent.api.events.subscription import Subscription
from agent.api.events.token import BEGINNING, generation_of, token_of
from agent.api.records.computed import View
from agent.api.records.record import record_of
from agent.errors import HandleInvalid
from agent.model.model import Model
from agent.model.records import CLASSES, R, Record
from agent.table import Table

MOST_GRAVES = 10_000

Snapshot = Fixed
"""Shared by all who ask: it is never changed, there is a new one."""
Live = Mapping[type[Record], Mapping[str, Any]]
"""The objects that no model holds, by class and reference."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that is there: its record, and the generations in which it came and changed last."""

    kind: type[Record]
    ref: str
    snapshot: Snapshot
    came: int
    changed: int


@dataclass(frozen=True, slots=True)
class Grave:
    """An object that is gone, and the generations in which it came and went."""

    kind: type[Record]
    ref: str
    came: int
    went: int


class Seen(NamedTuple):
    """How an object looks now."""

    kind: type[Record]
    snapshot: Snapshot


class Since(NamedTuple):
    """What a client has not heard of, in the order in which it was seen.  One object is in one of them."""

    came: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    went: tuple[Grave, ...]


class Journal:
    """It is brought up to date by `update`; of what is gone it remembers the latest `graves`."""

    def __init__(self, graves: int = MOST_GRAVES) -> None:
        self.start = time.time_ns()
        self.generation = self.forgotten = BEGINNING
        self.view, self.live = View(Model()), dict[type[Record], Mapping[str, Any]]()
        self._entries: dict[str, Entry] = {}  # the one that changed last is the last
        self._snapshots: dict[type[Record], dict[str, Snapshot]] = {}
        self._graves: deque[Grave] = deque()
        self._most_graves = graves

    @property
    def is_begun(self) -> bool:
        """Whether anything has been seen yet."""
        return self.generation != BEGINNING

    def update(self, view: View, live: Live) -> None:
        """See what is there now, all or none of it; only what can look different is looked at."""
        self.take(self.compared(view, live), view, live)

    def compared(self, view: View, live: Live) -> list[tuple[str, Seen | None]]:
        """What looks different now, for `take`; it changes nothing, and may be called in a thread."""
        have_moved = hosts(view.model) != hosts(self.view.model)
        seen = [*self._compared(view, view.model.records, affected(self.view, view))]
        for kind, objects in live.items():
            before = self.live.get(kind, {})
            refs = {*before, *objects} if have_moved else different(before, objects)
            seen += self._compared(view, objects, refs)
        return seen

    def take(self, seen: Iterable[tuple[str, Seen | None]], view: View, live: Live) -> None:
        """See what was compared."""
        for ref, found in seen:
            if found is None:
                self._bury(ref)
            else:
                self._put(found.kind, ref, found.snapshot)
        self.view, self.live = view, dict(live)

    def touch(self, kind: type[Record], ref: str) -> None:
        """Have an object seem to change.  Raises HANDLE_INVALID."""
        self._put(kind, ref, self.find(kind, ref))

    def records(self, kind: type[Record]) -> Mapping[str, Snapshot]:
        """The records of a class, oldest first."""
        return self._snapshots.get(kind, {})

    def find(self, kind: type[Record], ref: str) -> Snapshot:
        """The record of an object; raises HANDLE_INVALID."""
        found = self.records(kind).get(ref)
        if found is None:
            raise HandleInvalid(kind.class_name, ref)
        return found

    def since(self, generation: int, wanted: Subscription) -> Since:
        """What a client that has heard all up to a generation wants to hear."""
        came: list[Entry] = []
        changed: list[Entry] = []
        for entry in self._changed_since(generation):
            if wanted.wants(entry.kind.class_name.lower(), entry.ref):
                (came if entry.came > generation else changed).append(entry)
        went = [
            grave
            for grave in self._went_since(generation)
            if grave.came <= generation and wanted.wants(grave.kind.class_name.lower(), grave.ref)
        ]
        return Since(*(tuple(reversed(found)) for found in (came, changed, went)))  # type: ignore[arg-type]

    def touched_since(self, generation: int) -> Iterator[tuple[str, str]]:
        """The class, in lower case, and reference of whatever came, changed or went."""
        for entry in self._changed_since(generation):
            yield entry.kind.class_name.lower(), entry.ref
        for grave in self._went_since(generation):
            yield grave.kind.class_name.lower(), grave.ref

    def counts(self) -> dict[str, Value]:
        """How many objects there are of every class (XenAPI, valid_ref_counts)."""
        return {kind.class_name.lower(): len(self.records(kind)) for kind in (*CLASSES, *self.live)}

    def token(self) -> str:
        """What somebody has heard who knows everything that is in here."""
        return token_of(self.start, self.generation)

    def heard(self, token: str) -> int:
        """The generation of a token: nothing was heard, if what has gone since then is not known any more."""
        generation = generation_of(token, self.start, self.generation)
        return generation if self.remembers(generation) else BEGINNING

    def remembers(self, generation: int) -> bool:
        """Whether all that has gone since a generation is known."""
        return generation >= self.forgotten

    def _compared(
        self, view: View, objects: Mapping[str, Record], refs: set[str]
    ) -> Iterator[tuple[str, Seen | None]]:
        """Those that look different: the gone ones first, as None, then the others in the order they have."""
        yield from ((ref, None) for ref in sorted(refs - objects.keys()) if ref in self._entries)
        for ref in in_order(objects, refs):
            snapshot = Fixed(record_of(view, objects[ref]))
            if ref not in self._entries or self._entries[ref].snapshot != snapshot:
                yield ref, Seen(type(objects[ref]), snapshot)

    def _put(self, kind: type[Record], ref: str, snapshot: Snapshot) -> None:
        self.generation += 1
        before = self._entries.pop(ref, None)
        came = self.generation if before is None else before.came
        self._entries[ref] = Entry(kind, ref, snapshot, came, self.generation)
        self._snapshots.setdefault(kind, {})[ref] = snapshot

    def _bury(self, ref: str) -> None:
        entry = self._entries.pop(ref)
        self.generation += 1
        del self._snapshots[entry.kind][ref]
        self._graves.append(Grave(entry.kind, ref, entry.came, self.generation))
        if len(self._graves) > self._most_graves:
            self.forgotten = self._graves.popleft().went

    def _changed_since(self, generation: int) -> Iterator[Entry]:
        """The latest first."""
        for entry in reversed(self._entries.values()):
            if entry.changed <= generation:
                return
            yield entry

    def _went_since(self, generation: int) -> Iterator[Grave]:
        """The latest first."""
        for grave in reversed(self._graves):
            if grave.went <= generation:
                return
            yield grave


def in_order(objects: Mapping[str, Record], refs: set[str]) -> Iterable[str]:
    """Those of the references that are there, oldest first; of a model's, without going through all."""
    if isinstance(objects, Table):
        return objects.in_order(refs)
    return [ref for ref in objects if ref in refs]


def different(before: Mapping[str, R], after: Mapping[str, R]) -> set[str]:
    """The references of the objects that came, went or are not equal."""
    if before is after:
        return set()
    other = {ref for ref, record in after.items() if before.get(ref) != record}
    return other | (before.keys() - after.keys())
