"""The schema's classes and fields as xe has them; their -list and -param- commands follow."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agent import schema
from agent.cli.parameter import Reader, boolean, integer, text, words
from agent.schema import Class, Field
from agent.schema.field import is_map as is_map_type
from agent.schema.field import is_set, referred

Record = dict[str, Any]
Lookup = Callable[[str, str], Record | None]

SET, SET_RW, MAP, MAP_RW, RW = "SRO", "SRW", "MRO", "MRW", " RW"
READERS: Mapping[str, Reader] = {"bool": boolean, "int": integer}

# Nobody lists sessions.
CLASSES = {kind.name: kind for kind in schema.ALL if kind.name != "session"}


def reader_of(field: Field) -> Reader:
    """How a new value is read."""
    return words if is_set(type_of(field)) else READERS.get(type_of(field), text)


def type_of(field: Field) -> str:
    """The type of what is shown: of a field of the object referred to, that one's."""
    kind = schema.CLASSES.get(referred(field.type)) if field.shows else None
    return next((one.type for one in kind.fields if one.name == field.shows), "") if kind else field.type


def mark_of(field: Field) -> str:
    """xe's mark."""
    is_writable = field.access == schema.RW or bool(field.setter)
    # Operations under way are a set in xe, and a map by their tasks in XenAPI.
    if (is_set(field.type) or field.format == "operations") and not field.is_one:
        return SET_RW if is_writable else SET
    if is_map_type(field.type) and not field.is_one:
        return MAP_RW if is_writable else MAP
    return RW if is_writable else " RO"


def field_called(fields: Iterable[Field], name: str) -> Field | None:
    """The one with a name of xe's, in any case."""
    return next((field for field in fields if field.xe.lower() == name.lower()), None)


def settable(kind: Class) -> tuple[Field, ...]:
    """The fields of a class that can be set, whole or key by key."""
    return tuple(field for field in kind.in_xe if mark_of(field) in (RW, SET_RW, MAP_RW) or field.key_setter)


def is_map(field: Field) -> bool:
    """Whether a field that can be set is a map, of which -param-set sets single keys."""
    return mark_of(field) == MAP_RW or bool(field.key_setter)
