"""The classes of objects as xe has them, made of the schema; their -list and -param- commands follow."""

from collections.abc import Callable, Mapping
from typing import Any

from agent import schema
from agent.cli import names
from agent.cli.field import MAP, MAP_RW, RW, SET, SET_RW, Class, Field, Lookup, Record
from agent.cli.parameter import Reader, boolean, integer, text, words
from agent.schema.field import is_map, is_set, referred

READERS: Mapping[str, Reader] = {"bool": boolean, "int": integer}
NAMES: Mapping[str, Callable[[Record, Lookup], tuple[str, ...]]] = {
    "network": names.of_network,
    "PIF": names.of_pif,
    "Bond": names.of_bond,
    "VLAN": names.of_vlan,
    "tunnel": names.of_tunnel,
    "VIF": names.of_vif,
}


def duplex(metrics: Record) -> str:
    """Of a link that is down, it is not known."""
    if metrics.get("duplex"):
        return "full"
    return "half" if metrics.get("carrier") else "unknown"


# What is not simply what the record has under a key; and what people read another way than programs.
FROM_RECORD: Mapping[str, Callable[[Record], Any]] = {
    "unknown": lambda record: "<unknown>",
    "operations": lambda record: list(record["current_operations"].values()),
    "duplex": duplex,
}
PRINTED: Mapping[str, Callable[[Any], str]] = {
    "Mbit/s": lambda speed: f"{speed} Mbit/s",
    "thousandths": lambda part: f"{part:.3f}",
    "lower": str.lower,
}


def class_of(kind: schema.Class) -> Class:
    """A class as xe has it."""
    return Class(
        kind.name,
        kind.prefix,
        kind.listed,
        tuple(field_of(field) for field in kind.fields if field.xe),
        NAMES.get(kind.name, names.of_labelled),
        frozenset(field.name for field in kind.fields if field.is_followed),
        kind.usual,
        kind.is_live,
    )


def field_of(field: schema.Field) -> Field:
    """A field as xe has it."""
    refers, type_ = referred(field.type), type_of(field)
    return Field(
        field.xe,
        field.name,
        mark_of(field),
        refers,
        field.shows or "uuid",
        field.ignores_case,
        field.joiner,
        words if is_set(type_) else READERS.get(type_, text),
        field.setter or f"set_{field.name}",
        field.key_setter,
        field.keys,
        FROM_RECORD.get(field.format),
        PRINTED.get(field.format),
        field.is_costly,
    )


def type_of(field: schema.Field) -> str:
    """The type of what is shown: of a field of the object referred to, that one's."""
    kind = schema.CLASSES.get(referred(field.type)) if field.shows else None
    return next((one.type for one in kind.fields if one.name == field.shows), "") if kind else field.type


def mark_of(field: schema.Field) -> str:
    """xe's mark."""
    is_writable = field.access == schema.RW or bool(field.setter)
    # Operations under way are a set in xe, and a map by their tasks in XenAPI.
    if (is_set(field.type) or field.format == "operations") and not field.is_one:
        return SET_RW if is_writable else SET
    if is_map(field.type) and not field.is_one:
        return MAP_RW if is_writable else MAP
    return RW if is_writable else " RO"


# Nobody lists sessions.
CLASSES = {kind.name: class_of(kind) for kind in schema.ALL if kind.name != "session"}
