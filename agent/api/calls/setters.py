"""The messages that every RW field has: set_, and for maps and sets add and remove."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from agent.api.calls.changing import Rule
from agent.api.records.parameters import Parameter, parameter_of
from agent.api.records.record import writable
from agent.model.records import Record, Ref
from agent.rules.setters import add, add_to, put_in, remove, remove_from, set_field

Setter = tuple[str, tuple[Parameter, ...], Rule]


def setters(kind: type[Record]) -> Iterator[Setter]:
    """Name, parameters and rule of every setter of a class (XenAPI, messages every class has)."""
    self = parameter_of("self", Ref[kind])  # type: ignore[valid-type]  # a class chosen at run time
    for name, annotation in writable(kind).items():
        value = parameter_of("value", annotation)
        yield f"set_{name}", (self, value), partial(set_field, kind=kind, name=name)
        yield from _of_parts(kind, name, self, annotation)


def _of_parts(kind: type[Record], name: str, self: Parameter, annotation: Any) -> Iterator[Setter]:
    """What adds to and removes from a map or a set."""
    if get_origin(annotation) is Mapping:
        key, value = (parameter_of(part, str) for part in ("key", "value"))
        yield f"add_to_{name}", (self, key, value), partial(add_to, kind=kind, name=name)
        pairs = parameter_of("value", annotation)
        yield f"put_in_{name}", (self, pairs), partial(put_in, kind=kind, name=name)
        yield f"remove_from_{name}", (self, key), partial(remove_from, kind=kind, name=name)
    elif get_origin(annotation) is tuple:
        member = parameter_of("value", get_args(annotation)[0])
        yield f"add_{name}", (self, member), partial(add, kind=kind, name=name)
        yield f"remove_{name}", (self, member), partial(remove, kind=kind, name=name)
