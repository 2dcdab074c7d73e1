"""Values: what a field of an object is, as JSON and as xe prints it."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.cli.classes import Lookup, Record
from agent.schema import Class, Field

PREFIX = "OpaqueRef:"
NULL = "OpaqueRef:NULL"
NULL_REFERENCES = ("", NULL)
NO_OBJECT = "<not in database>"
LOST_OBJECT = "<invalid reference>"
EXPENSIVE = "<expensive field>"


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
    EXPENSIVE: lambda record: EXPENSIVE,
}
PRINTED: Mapping[str, Callable[[Any], str]] = {
    "Mbit/s": lambda speed: f"{speed} Mbit/s",
    "thousandths": lambda part: f"{part:.3f}",
    "lower": str.lower,
}


def uuid_of(ref: str) -> str:
    """The uuid in a reference: pifd's are `OpaqueRef:<uuid>`, which saves asking for the object."""
    return ref.removeprefix(PREFIX)


def known_fields(kind: Class, record: Record) -> tuple[Field, ...]:
    """The fields of a class that this daemon's records have."""
    return tuple(field for field in kind.in_xe if field.name in record)


def value_of(field: Field, record: Record, lookup: Lookup) -> Any:
    """A field's value in JSON's types; a reference is a uuid or what the field shows of the object."""
    if not field.refers:
        return taken_from(field, field.name, record)
    value = record[field.name]
    if isinstance(value, list):
        return [referred(field, ref, lookup) for ref in value]
    return referred(field, value, lookup)


def referred(field: Field, ref: str, lookup: Lookup) -> Any:
    """What a field shows of the object behind a reference; None when there is no object."""
    if ref in NULL_REFERENCES:
        return None
    if not field.shows:
        return uuid_of(ref)
    record = lookup(field.refers, ref)
    return LOST_OBJECT if record is None else taken_from(field, field.shows, record)


def taken_from(field: Field, key: str, record: Record) -> Any:
    """What a record tells under a key, or as the field has it."""
    return FROM_RECORD[field.format](record) if field.format in FROM_RECORD else record.get(key, "")


def text_in(field: Field, value: Any) -> str:
    """A field's value as xe prints it."""
    if field.format not in PRINTED or value in (None, LOST_OBJECT):
        return text_of(value, field.joiner)
    return PRINTED[field.format](value)


def text_of(value: Any, joiner: str = "; ") -> str:
    """A value as xe prints it."""
    if value is None:
        return NO_OBJECT
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return joiner.join(text_of(item) for item in value)
    if isinstance(value, dict):
        return joiner.join(f"{key}: {text_of(item)}" for key, item in value.items())
    return str(value)
