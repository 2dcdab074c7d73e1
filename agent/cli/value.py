"""Values: what a field of an object is, as JSON and as xe prints it."""

from typing import Any

from agent.cli.field import Class, Field, Lookup, Record

PREFIX = "OpaqueRef:"
NULL = "OpaqueRef:NULL"
NULL_REFERENCES = ("", NULL)
NO_OBJECT = "<not in database>"
LOST_OBJECT = "<invalid reference>"


def uuid_of(ref: str) -> str:
    """The uuid in a reference: pifd's are `OpaqueRef:<uuid>`, which saves asking for the object."""
    return ref.removeprefix(PREFIX)


def known_fields(kind: Class, record: Record) -> tuple[Field, ...]:
    """The fields of a class that this daemon's records have."""
    return tuple(field for field in kind.fields if field.source in record)


def value_of(field: Field, record: Record, lookup: Lookup) -> Any:
    """A field's value in JSON's types; a reference is a uuid or what the field shows of the object."""
    if not field.refers:
        return taken_from(field, field.source, record)
    value = record[field.source]
    if isinstance(value, list):
        return [referred(field, ref, lookup) for ref in value]
    return referred(field, value, lookup)


def referred(field: Field, ref: str, lookup: Lookup) -> Any:
    """What a field shows of the object behind a reference; None when there is no object."""
    if ref in NULL_REFERENCES:
        return None
    if field.shows == "uuid":
        return uuid_of(ref)
    record = lookup(field.refers, ref)
    return LOST_OBJECT if record is None else taken_from(field, field.shows, record)


def taken_from(field: Field, key: str, record: Record) -> Any:
    """What a record tells under a key, or as the field has it."""
    return record.get(key, "") if field.from_record is None else field.from_record(record)


def text_in(field: Field, value: Any) -> str:
    """A field's value as xe prints it."""
    if field.printed is None or value in (None, LOST_OBJECT):
        return text_of(value, field.joiner)
    return field.printed(value)


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
