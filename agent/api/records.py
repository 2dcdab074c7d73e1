"""XenAPI's full record of an object: its own fields, those computed from others, those always the same."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from agent.api.codec import JSON
from agent.api.computed import COMPUTED, View, computed_fields
from agent.api.constants import CONSTANT
from agent.api.definitions import mark_of, types_of
from agent.record import INTERNAL, Record

NULL = "OpaqueRef:NULL"


def record_of(view: View, record: Record) -> dict[str, JSON]:
    """All fields of a record as on the wire (XenAPI, get_record)."""
    constant = {name: field.value for name, field in CONSTANT[type(record)].items()}
    found = {**own_fields(record), **computed_fields(view, record), **constant}
    return {name: on_wire(value) for name, value in found.items()}


def field_names(kind: type[Record]) -> tuple[str, ...]:
    """The names of the fields that record_of gives for a class."""
    return tuple(dict.fromkeys((*_own_names(kind), *COMPUTED[kind], *CONSTANT[kind])))


def on_wire(value: object) -> JSON:
    """A value as the wire has it: no reference is the null reference, a set is an array."""
    if value is None:
        return NULL
    if isinstance(value, Mapping):
        return {str(key): on_wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [on_wire(item) for item in value]
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def own_fields(record: Any) -> dict[str, object]:
    """The fields that the record holds; those of a value inside it (ip_configuration) stand among them."""
    found: dict[str, object] = {}
    kind: Any = type(record)
    for name in _stored_names(kind):
        value = getattr(record, name)
        found |= own_fields(value) if is_dataclass(value) else {name: value}
    return found


def _own_names(kind: Any) -> tuple[str, ...]:
    hints = types_of(kind)
    found: list[str] = []
    for name in _stored_names(kind):
        inner = hints[name]
        found += _own_names(inner) if is_dataclass(inner) else (name,)
    return tuple(found)


@cache
def _stored_names(kind: Any) -> tuple[str, ...]:
    """The fields of a record; those marked INTERNAL are nobody's but pifd's."""
    hints = types_of(kind)
    return tuple(field.name for field in fields(kind) if mark_of(hints[field.name]) != INTERNAL)
