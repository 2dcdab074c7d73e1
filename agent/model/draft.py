"""Draft, a Model that one call may write on, and Plan, what the call decided."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.model.model import Model, here
from agent.model.records import VIF, R, Record, Ref


class Draft:
    """A Model being changed.  Rules read `model`, the state so far, and write with put and remove."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def draw(self) -> bytes:
        """32 octets that nobody can guess who does not know the seed; no two draws are the same."""
        seed = self.model.seed
        self.model = self.model.then(self.model.table, sha256(b"next" + seed).digest())
        return sha256(b"drawn" + seed).digest()

    def new_uuid(self) -> str:
        return str(UUID(bytes=self.draw()[:16], version=4))

    def put(self, record: R) -> R:
        """Add a record, or replace the one of the same uuid; gives it back."""
        self.model = self.model.then(self.model.table.with_value(record.ref, record))
        return record

    def remove(self, ref: Ref[Any]) -> None:
        """Take a record out."""
        self.model = self.model.then(self.model.table.without(ref))


Result = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """What a call will do, decided before anything is touched.

    result: the reference that the call gives, several of them, or nothing.
    unplug, plug: the VIFs that their VMs are asked to give up first, and to take in the end.
    active_slave: a bond's device, and that of the member over which its traffic is to go from now on.
    is_learnt: it says what the pool's store has already.
    notes: what was decided otherwise than its caller may think, in words.
    """

    before: Model
    after: Model
    result: Result = None
    unplug: tuple[Ref[VIF], ...] = ()
    plug: tuple[Ref[VIF], ...] = ()
    active_slave: tuple[str, str] | None = None
    is_learnt: bool = False
    notes: tuple[str, ...] = ()

    @property
    def here(self) -> "Plan":
        """The plan as this host's kernel is to know it."""
        before, after = here(self.before), here(self.after)
        is_whole = before is self.before and after is self.after
        return self if is_whole else replace(self, before=before, after=after)


def then(first: Plan, second: Plan) -> Plan:
    """Two plans as one: what is between them is never on the host."""
    return Plan(
        first.before,
        second.after,
        second.result,
        unplug=tuple(dict.fromkeys([*first.unplug, *second.unplug])),
        plug=tuple(dict.fromkeys([*first.plug, *second.plug])),
        notes=(*first.notes, *second.notes),
    )


@dataclass(frozen=True)
class Changes:
    """The records that a plan adds, replaces and removes."""

    added: tuple[Record, ...]
    changed: tuple[tuple[Record, Record], ...]
    removed: tuple[Record, ...]


def changes(plan: Plan) -> Changes:
    """What differs between the two models of a plan, in their order."""
    before, after = plan.before.table, plan.after.table
    names = before.differing(after)
    now = [(before.get(ref), after[ref]) for ref in after.in_order(names)]
    return Changes(
        added=tuple(new for old, new in now if old is None),
        changed=tuple((old, new) for old, new in now if old is not None and old != new),
        removed=tuple(before[ref] for ref in before.in_order(names - after.keys())),
    )
