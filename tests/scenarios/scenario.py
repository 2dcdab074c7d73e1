"""Scenario, a row of the table in tests/scenarios/table.py, and the words that it is written in.

A row says what a host has, one call, and what it has then: in the model, in the kernel, and by its traffic.
It names objects instead of holding references, so that it runs on any host with three NICs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.model.model import Model
from agent.model.records import Record

Records = Mapping[str, Mapping[str, Any]]
"""Every record by its reference, with its fields as on the wire."""

UNTAGGED, TUNNEL = 0, -1
"""Segments: 0 and the tags are the switch's; the tunnel's is behind the far host."""
ADDRESS = "192.0.2.10"
"""Where the host is managed; at the start eth0 has it."""
FAR_ADDRESS = "192.0.2.2"


class The(str):
    """The reference of an object: a NIC's PIF (`eth0`), what a call before has made under a name, or
    `<field> of <object>`."""

    __slots__ = ()


@dataclass(frozen=True)
class Call:
    """A call of XenAPI's by its wire name; what it makes goes by `name` from then on."""

    method: str
    arguments: tuple[object, ...]
    name: str = ""


@dataclass(frozen=True)
class SameAs:
    """What another stored record has in the same field."""

    name: str


@dataclass(frozen=True)
class Plugged:
    """The toolstack makes the device of a VIF, behind which its VM is in a segment."""

    VIF: str
    device: str
    segment: int


@dataclass(frozen=True)
class Restart:
    """The daemon is stopped and started again; in between, fields of stored records become what they are
    here, as an older program may have left them, or a hand."""

    stored: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """How the call fails: with a code and parameters.  said: what a person must read of it."""

    code: str
    parameters: tuple[object, ...]
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row.

    model: fields of objects, as on the wire, once the action is done; None for one that is gone.  ports: the
    ports of every bridge and bond of pifd's.  lowers: what each VLAN device sits on.  addresses: those
    of each device of pifd's, of the family that the host has.  refusal: then all is as before, and none of
    these counts.  managed_at: the address that answers throughout.  asks: whether VMs are asked anything.
    needs: what not every kernel has.
    """

    name: str
    before: tuple[Call | Plugged, ...] = ()
    action: Call | Restart
    model: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)
    lowers: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    managed_at: str = ADDRESS
    asks: bool = False
    needs: str = ""

    @property
    def devices(self) -> tuple[Plugged, ...]:
        """The VIFs' devices."""
        return tuple(step for step in self.before if isinstance(step, Plugged))

    def __str__(self) -> str:
        return self.name


class Names:
    """What the names of a row stand for, as its calls make more of them."""

    def __init__(self, records: Records) -> None:
        self._made: dict[str, str] = {
            record["device"]: ref for ref, record in records.items() if record.get("physical")
        }

    def learn(self, name: str, ref: str) -> None:
        if name:
            self._made[name] = ref

    def ref(self, name: str, records: Records) -> str:
        """What a name stands for now; KeyError when there is no such thing."""
        if name in self._made:
            return self._made[name]
        wanted, _, whose = name.partition(" of ")
        return str(records[self.ref(whose, records)][wanted])

    def resolved(self, value: object, records: Records) -> Any:
        """A value with every The in it replaced."""
        if isinstance(value, The):
            return self.ref(value, records)
        if isinstance(value, Mapping):
            return {key: self.resolved(item, records) for key, item in value.items()}
        if isinstance(value, tuple | list):
            return [self.resolved(item, records) for item in value]
        return value

    def expected(self, row: Scenario, before: Records, after: Records) -> dict[str, object]:
        """What the row says of the model after its action, as `<object>: <field>`."""
        said: dict[str, object] = {}
        for name, values in row.model.items():
            said |= (
                {name: values}
                if values is None
                else {f"{name}: {key}": self._value(value, before, after) for key, value in values.items()}
            )
        return said

    def found(self, row: Scenario, before: Records, after: Records) -> dict[str, object]:
        """What the model says of the same after the action."""
        said: dict[str, object] = {}
        for name, values in row.model.items():
            record = after.get(self._either(name, before, after))
            said |= (
                {name: record}
                if record is None or values is None
                else {f"{name}: {key}": record[key] for key in values}
            )
        return said

    def _value(self, value: object, before: Records, after: Records) -> object:
        return self._either(value, before, after) if isinstance(value, The) else value

    def _either(self, name: str, before: Records, after: Records) -> str:
        """The object that had a name before the action; or, of one that the action makes, has it then."""
        try:
            return self.ref(name, before)
        except KeyError:
            return self.ref(name, after)


def with_stored(model: Model, row: Restart, names: Names, records: Records) -> Model:
    """The model with the fields of some records replaced, whatever the rules say."""
    stored: dict[str, Record] = dict(model.records)
    for name, fields in row.stored.items():
        ref = names.ref(name, records)
        values = {key: _stored(model, key, value, names, records) for key, value in fields.items()}
        stored[ref] = replace(stored[ref], **values)
    return Model(stored)


def _stored(model: Model, key: str, value: object, names: Names, records: Records) -> Any:
    if isinstance(value, SameAs):
        return getattr(model.records[names.ref(value.name, records)], key)
    return names.ref(value, records) if isinstance(value, The) else value
