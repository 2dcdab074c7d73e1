"""XenAPI's full record of an object: its own fields, those computed from others, those always the same."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache, reduce
from typing import Any

from agent.api.encodings.values import Value
from agent.api.schema.computed import COMPUTED, View, computed_fields
from agent.api.schema.constants import CONSTANT
from agent.api.schema.definitions import mark_of, types_of
from agent.model.records import INTERNAL, Record

NULL = "OpaqueRef:NULL"


def record_of(view: View, record: Record) -> dict[str, Value]:
    """All fields of a record as on the wire (XenAPI, get_record)."""
    kind: Any = type(record)
    found = {**own_fields(record), **computed_fields(view, record)}
    return {**{name: on_wire(value) for name, value in found.items()}, **_constant(kind)}


def field_names(kind: type[Record]) -> tuple[str, ...]:
    """The names of the fields that record_of gives for a class."""
    return tuple(dict.fromkeys((*own_types(kind), *COMPUTED[kind], *CONSTANT[kind])))


def on_wire(value: object) -> Value:
    """A value as the wire has it: no reference is the null reference, a set is an array."""
    if isinstance(value, str):  # first, because most are; references and enums become plain ones
        return str(value)
    if value is None:
        return NULL
    if isinstance(value, Mapping):
        return {str(key): on_wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [on_wire(item) for item in value]
    if isinstance(value, bool | int | float | datetime):
        return value
    raise TypeError(f"{type(value).__name__} is no value of XenAPI's")


def own_fields(record: Any) -> dict[str, object]:
    """The fields that the record holds; those of a value inside it (ip_configuration) stand among them."""
    kind: Any = type(record)
    return {path[-1]: reduce(getattr, path, record) for path in _paths(kind)}


def own_types(kind: Any) -> dict[str, Any]:
    """The types of the fields that a record of a class holds, with their marks."""
    hints = types_of(kind)
    found: dict[str, Any] = {}
    for name in _stored_names(kind):
        inner = hints[name]
        found |= own_types(inner) if is_dataclass(inner) else {name: inner}
    return found


@cache
def _constant(kind: Any) -> Mapping[str, Value]:
    return {name: on_wire(field.value) for name, field in CONSTANT[kind].items()}


@cache
def _paths(kind: Any) -> tuple[tuple[str, ...], ...]:
    """Of each own field its name, after the name of the field that it is inside of, if it is."""
    hints = types_of(kind)
    found: list[tuple[str, ...]] = []
    for name in _stored_names(kind):
        inner = _paths(hints[name]) if is_dataclass(hints[name]) else ((),)
        found += [(name, *path) for path in inner]
    return tuple(found)


@cache
def _stored_names(kind: Any) -> tuple[str, ...]:
    """The fields of a record; those marked INTERNAL are nobody's but pifd's."""
    hints = types_of(kind)
    return tuple(field.name for field in fields(kind) if mark_of(hints[field.name]) != INTERNAL)
