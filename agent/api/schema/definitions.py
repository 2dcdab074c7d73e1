"""What the definition of a class says of its fields: their types, and who may write them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from agent.model.records import Qualifier, Record, Ref


def types_of(kind: type[Any]) -> Mapping[str, Any]:
    """The type of every field, with its mark if it has one."""
    return get_type_hints(kind, include_extras=True)


def marked(kind: type[Record], *marks: Qualifier) -> Mapping[str, Any]:
    """The types of the fields that have one of these marks."""
    return {name: hint for name, hint in types_of(kind).items() if mark_of(hint) in marks}


def mark_of(annotation: Any) -> Qualifier | None:
    """The mark of a field; a field without one is written by pifd alone."""
    return next((mark for mark in get_args(annotation) if isinstance(mark, Qualifier)), None)


PLAIN = {str: "string", int: "int", bool: "bool", float: "float", datetime: "datetime"}


def type_name(annotation: Any) -> str:
    """What XenAPI calls a type: `PIF ref`, `string set`, `(string -> string) map`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if NoneType in arguments:
        return type_name(next(a for a in arguments if a is not NoneType))
    if origin is Annotated:
        return type_name(arguments[0])
    if origin is Ref:
        return f"{arguments[0].class_name} ref"
    if origin in (list, tuple, Sequence):
        return f"{type_name(arguments[0])} set"
    if origin is Mapping:
        return f"({type_name(arguments[0])} -> {type_name(arguments[1])}) map"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"enum ({', '.join(member.value for member in annotation)})"
    return PLAIN.get(annotation, "any")
