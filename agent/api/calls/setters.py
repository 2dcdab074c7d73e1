"""The messages that every field with the mark RW has: set_, and for maps and sets add and remove."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from agent.api.calls.changing import Rule
from agent.api.schema.definitions import marked
from agent.api.schema.parameters import Parameter, parameter_of
from agent.model.records import RW, Record, Ref
from agent.rules.setters import add, add_to, put_in, remove, remove_from, set_field

Setter = tuple[str, tuple[Parameter, ...], Rule]


def setters(kind: type[Record]) -> Iterator[Setter]:
    """Name, parameters and rule of every setter of a class (XenAPI, messages every class has)."""
    self = parameter_of("self", Ref[kind])  # type: ignore[valid-type]  # a class chosen at run time
    for name, annotation in marked(kind, RW).items():
        value = parameter_of("value", annotation)
        yield f"set_{name}", (self, value), partial(set_field, kind=kind, name=name)
        yield from _of_parts(kind, name, self, annotation)


def _of_parts(kind: type[Record], name: str, self: Parameter, annotation: Any) -> Iterator[Setter]:
    """What adds to and removes from a map or a set."""
    plain = get_args(annotation)[0]
    if get_origin(plain) is Mapping:
        key, value = (parameter_of(part, str) for part in ("key", "value"))
        yield f"add_to_{name}", (self, key, value), partial(add_to, kind=kind, name=name)
        pairs = parameter_of("value", annotation)
        yield f"put_in_{name}", (self, pairs), partial(put_in, kind=kind, name=name)
        yield f"remove_from_{name}", (self, key), partial(remove_from, kind=kind, name=name)
    elif get_origin(plain) is tuple:
        member = parameter_of("value", get_args(plain)[0])
        yield f"add_{name}", (self, member), partial(add, kind=kind, name=name)
        yield f"remove_{name}", (self, member), partial(remove, kind=kind, name=name)
