"""Types: whether a value on the wire is what the API's page says that a method gives."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xmlrpc.client import DateTime

from agent.api.calls.declared import GIVES
from agent.api.calls.host_calls import WITHOUT_OBJECTS
from agent.api.calls.objects import EVERY_CLASS
from agent.api.records.record import fields_of
from agent.api.sessions.sessions import Session
from agent.model.records import Record
from tests.docs.api_page import type_of as type_of_field

REFERENCE = re.compile(r"OpaqueRef:([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|NULL)")
INTEGER = re.compile(r"-?[0-9]+")
DATE = re.compile(r"[0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
MAP = re.compile(r"\((.+) -> (.+)\) map")
LATER = re.compile(r"(Internal)?Async\.")

STRUCTS: Mapping[str, Mapping[str, str]] = {
    "dry run": {
        "result": "any",
        "added": "map set",
        "changed": "map set",
        "removed": "map set",
        "unplug": "VIF ref set",
        "plug": "VIF ref set",
        "steps": "string set",
        "notes": "string set",
    },
    "event batch": {
        "events": "event record set",
        "valid_ref_counts": "(string -> int) map",
        "token": "string",
    },
    "event record": {
        "id": "string",
        "timestamp": "string",
        "class": "string",
        "operation": "enum (add, mod, del)",
        "ref": "ref",
        "snapshot": "map",
    },
}
OPTIONAL = {"snapshot"}
"""Of an object that is gone there is none."""

Check = Callable[[Any], bool]

PLAIN: Mapping[str, Check] = {
    "any": lambda value: True,
    "void": lambda value: bool(value == ""),
    "string": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, float),
    "ref": lambda value: isinstance(value, str) and bool(REFERENCE.fullmatch(value)),
    "set": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "object": lambda value: isinstance(value, dict),
}
IN_XML: Mapping[str, Check] = {
    "int": lambda value: isinstance(value, str) and bool(INTEGER.fullmatch(value)),
    "datetime": lambda value: isinstance(value, DateTime) and bool(DATE.fullmatch(value.value)),
}
IN_JSON: Mapping[str, Check] = {
    "int": lambda value: type(value) is int,
    "datetime": lambda value: isinstance(value, str) and bool(DATE.fullmatch(value)),
}
"""What the encodings write differently."""


GENERIC: Mapping[str, str] = {
    "get_all": "{name} ref set",
    "get_all_records": "({name} ref -> {name} record) map",
    "get_all_records_where": "({name} ref -> {name} record) map",
    "get_record": "{name} record",
    "get_by_uuid": "{name} ref",
    "get_by_name_label": "{name} ref set",
}
"""What the messages give that every class has."""


def type_of(method: str) -> str:
    """What a method gives, in the words of the API's page; `PIF record` is a struct of all fields."""
    if LATER.match(method):
        return "task ref"
    if method.startswith("DryRun."):
        return "dry run"
    name, _, message = method.partition(".")
    if name in WITHOUT_OBJECTS:
        return GENERIC[message].format(name=name)
    if method in GIVES or name not in CLASSES:
        return GIVES.get(method, "void")
    return type_of_getter(name, message) or "void"


def type_of_getter(name: str, message: str) -> str:
    """What a message that every class has gives; "" for one that is none of them, or a setter."""
    field = message.removeprefix("get_") if message.startswith("get_") else ""
    return GENERIC.get(message, "").format(name=name) or field_types(name).get(field, "")


KINDS: tuple[type[Record], ...] = (*EVERY_CLASS, Session)
CLASSES = {kind.class_name: kind for kind in KINDS}


@cache
def field_types(name: str) -> Mapping[str, str]:
    """The type of every field of a class."""
    kind = CLASSES[name]
    return {field.name: type_of_field(kind, field) for field in fields_of(kind)}


def has_type(value: Any, type_: str, voice: str) -> bool:
    """Whether a value is of a type, as this voice writes it."""
    checks = {**PLAIN, **(IN_XML if voice == "XML-RPC" else IN_JSON)}
    if type_ in checks:
        return checks[type_](value)
    if type_ in STRUCTS:
        return is_struct(value, STRUCTS[type_], voice)
    map_ = MAP.fullmatch(type_)
    if map_:
        return isinstance(value, dict) and all(
            has_type(key, "string" if map_[1] == "int" else map_[1], voice) and has_type(item, map_[2], voice)
            for key, item in value.items()
        )
    head, _, tail = type_.rpartition(" ")
    if tail == "set":
        return isinstance(value, list) and all(has_type(item, head, voice) for item in value)
    if tail == "record":
        return is_struct(value, field_types(head), voice)
    if tail == "ref":
        return checks["ref"](value)
    assert type_.startswith("enum ("), f"{type_} is no type"
    return value in type_[len("enum (") : -1].split(", ")


def is_struct(value: Any, fields: Mapping[str, str], voice: str) -> bool:
    """Whether a value has just these fields, each of its type."""
    return (
        isinstance(value, dict)
        and fields.keys() - OPTIONAL <= value.keys() <= fields.keys()
        and all(has_type(item, fields[name], voice) for name, item in value.items())
    )
