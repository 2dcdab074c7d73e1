"""XenAPI's full record of an object: its own fields, those computed from others, those always the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast, get_type_hints

from agent.api.encodings.values import Value
from agent.api.records.computed import COMPUTED, View, objects_by
from agent.model.records import Record
from agent.schema import CLASSES
from agent.schema.field import RW, Field, is_set

NULL = "OpaqueRef:NULL"

Get = Callable[[View, Any], object]


def record_of(view: View, record: Record) -> dict[str, Value]:
    """All fields of a record as on the wire (XenAPI, get_record)."""
    kind: Any = type(record)
    return {name: on_wire(get(view, record)) for name, get in _getters(kind).items()}


def computed_fields(view: View, record: Record) -> dict[str, object]:
    """The fields of a record that follow from other objects, or from the machine."""
    kind: Any = type(record)
    getters = _getters(kind)
    names = (field.name for field in fields_of(kind) if is_computed(field))
    return {name: getters[name](view, record) for name in names}


def fields_of(kind: type[Record]) -> tuple[Field, ...]:
    """The fields on the wire of a class."""
    return CLASSES[kind.class_name].wire


def field_names(kind: type[Record]) -> tuple[str, ...]:
    return tuple(field.name for field in fields_of(kind))


def writable(kind: Any) -> Mapping[str, Any]:
    """The types of the fields that a client may set at any time."""
    types = stored_types(kind)
    return {field.name: types[field.name] for field in fields_of(kind) if field.access == RW}


def is_computed(field: Field) -> bool:
    """Whether a field has a function, or lists the objects that refer to its own."""
    return bool(field.back) or not (field.stored or field.reason)


def on_wire(value: object) -> Value:
    """A value as the wire has it: no reference is the null reference, a set is an array."""
    if type(value) is str or type(value) is bool:  # first, because most are
        return value
    if isinstance(value, str):  # references and enums become plain ones
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


@cache
def stored_types(kind: Any) -> Mapping[str, Any]:
    """The types of the fields that a record holds; those inside ip_configuration are among them."""
    hints = get_type_hints(kind)
    found: dict[str, Any] = {}
    for field in fields(kind):
        inner: Any = hints[field.name]
        is_group = is_dataclass(inner)
        found |= stored_types(cast(Any, inner)) if is_group else {field.name: inner}
    return found


@cache
def _getters(kind: Any) -> Mapping[str, Get]:
    paths = dict(_paths(kind))
    return {field.name: _getter(kind, field, paths) for field in fields_of(kind)}


def _getter(kind: type[Record], field: Field, paths: Mapping[str, str]) -> Get:
    if field.stored:
        attribute = attrgetter(paths[field.name])
        return lambda view, record: attribute(record)
    if field.back:
        return _back(field)
    if field.reason:
        return lambda view, record: field.value
    return COMPUTED[f"{kind.class_name}.{field.name}"]


def _back(field: Field) -> Get:
    if is_set(field.type):
        return lambda view, record: [one.ref for one in objects_by(field.back, view.model, record)]
    return lambda view, record: next((one.ref for one in objects_by(field.back, view.model, record)), None)


def _paths(kind: Any, before: str = "") -> Iterable[tuple[str, str]]:
    """Of each field that the record holds its name, and its place: `ip_configuration.IP`."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        place = before + field.name
        yield field.name, place
        if is_dataclass(hints[field.name]):
            yield from _paths(hints[field.name], f"{place}.")
