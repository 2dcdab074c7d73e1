"""What the definition of a class says of its fields: their types, and who may write them."""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from agent.record import Qualifier, Record


def types_of(kind: type[Any]) -> Mapping[str, Any]:
    """The type of every field, with its mark if it has one."""
    return get_type_hints(kind, include_extras=True)


def marked(kind: type[Record], *marks: Qualifier) -> Mapping[str, Any]:
    """The types of the fields that have one of these marks."""
    return {name: hint for name, hint in types_of(kind).items() if mark_of(hint) in marks}


def mark_of(annotation: Any) -> Qualifier | None:
    """The mark of a field; a field without one is written by pifd alone."""
    return next((mark for mark in get_args(annotation) if isinstance(mark, Qualifier)), None)
