"""Draft, a Model that one call may write on, and Plan, what the call decided."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.model.model import Model
from agent.model.records import VIF, R, Record, Ref


class Draft:
    """A Model being changed.  Rules read `model`, the state so far, and write with put and remove."""

    def __init__(self, model: Model) -> None:
        self._model: Model | None = model
        self._records: dict[str, Record] = dict(model.records)
        self._seed = model.seed

    @property
    def model(self) -> Model:
        """The model as written so far; made anew only after a change, so that a run of writes is cheap."""
        if self._model is None:
            self._model = Model(dict(self._records), self._seed)
        return self._model

    def draw(self) -> bytes:
        """32 octets that nobody can guess who does not know the seed; no two draws are the same."""
        drawn = sha256(b"drawn" + self._seed).digest()
        self._seed = sha256(b"next" + self._seed).digest()
        self._model = None
        return drawn

    def new_uuid(self) -> str:
        return str(UUID(bytes=self.draw()[:16], version=4))

    def put(self, record: R) -> R:
        """Add a record, or replace the one of the same uuid; gives it back."""
        self._records[record.ref] = record
        self._model = None
        return record

    def remove(self, ref: Ref[Any]) -> None:
        """Take a record out."""
        del self._records[ref]
        self._model = None


Result = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """What a call will do, decided before anything is touched.

    result: the reference that the call gives, several of them, or nothing.
    unplug, plug: the VIFs that their VMs are asked to give up first, and to take in the end.
    active_slave: a bond's device, and that of the member over which its traffic is to go from now on.
    """

    before: Model
    after: Model
    result: Result = None
    unplug: tuple[Ref[VIF], ...] = ()
    plug: tuple[Ref[VIF], ...] = ()
    active_slave: tuple[str, str] | None = None


@dataclass(frozen=True)
class Changes:
    """The records that a plan adds, replaces and removes."""

    added: tuple[Record, ...]
    changed: tuple[tuple[Record, Record], ...]
    removed: tuple[Record, ...]


def changes(plan: Plan) -> Changes:
    """What differs between the two models of a plan, in their order."""
    before, after = plan.before.records, plan.after.records
    return Changes(
        added=tuple(record for ref, record in after.items() if ref not in before),
        changed=tuple(
            (before[ref], new) for ref, new in after.items() if ref in before and before[ref] != new
        ),
        removed=tuple(record for ref, record in before.items() if ref not in after),
    )
