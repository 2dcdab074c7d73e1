"""The setters of XenAPI's fields that have one value here (agent.schema): that value is taken, and any other
refused with the reason."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent import schema
from agent.errors import InvalidValue
from agent.model.draft import Plan
from agent.model.model import Model
from agent.model.records import VIF, Network, Record, Ref
from agent.schema.field import MAP, Field, is_map, is_set

Rule = Callable[..., Plan]

KNOWN: Mapping[str, frozenset[str]] = {
    "default_locking_mode": frozenset({"unlocked", "disabled"}),
    "locking_mode": frozenset({"network_default", "locked", "unlocked", "disabled"}),
    "purpose": frozenset({"nbd", "insecure_nbd"}),
}
"""The values that XenAPI has; another one is wrong there, too, and needs no reason."""
TYPES: Mapping[str, Any] = {
    "string": str,
    "string set": tuple[str, ...],
    "int set": tuple[int, ...],
    MAP: Mapping[str, str],
}


def rules() -> Mapping[str, Rule]:
    """By the messages' names."""
    kinds: tuple[type[Record], ...] = (Network, VIF)
    return {
        f"{kind.class_name}.{message}": rule
        for kind in kinds
        for field in schema.CLASSES[kind.class_name].fields
        if field.reason and field.setter
        for message, rule in _of_field(kind, field)
    }


def _of_field(kind: type[Record], field: Field) -> Iterator[tuple[str, Rule]]:
    yield field.setter, _setter(kind, field, TYPES[field.type])
    if is_set(field.type):
        member = int if field.type.startswith("int") else str
        yield f"add_{field.name}", _adder(kind, field, member)
        yield f"remove_{field.name}", _remover(kind, field, member)
    if is_map(field.type):
        yield f"put_in_{field.name}", _setter(kind, field, TYPES[field.type])
        yield f"add_to_{field.name}", _adder_of_pairs(kind, field)
        yield f"remove_from_{field.name}", _remover(kind, field, str, "key")


def _setter(kind: Any, field: Field, type_: Any) -> Rule:
    def set_(model: Model, self: Ref[kind], value: type_) -> Plan:
        model.find(kind, self)
        if value != field.value and (value or field.value):  # no members, in a list or in a tuple
            raise unsupported(field, value if isinstance(value, str) else next(iter(value), ""))
        return Plan(model, model)

    return _told(set_, f"Set the one value that it has: {field.reason}.")


def _adder(kind: Any, field: Field, type_: Any) -> Rule:
    def add(model: Model, self: Ref[kind], value: type_) -> Plan:
        model.find(kind, self)
        raise unsupported(field, value)

    return _told(add, f"Refused: {field.reason}.")


def _adder_of_pairs(kind: Any, field: Field) -> Rule:
    def add_to(model: Model, self: Ref[kind], key: str, value: str) -> Plan:
        model.find(kind, self)
        raise unsupported(field, key)

    return _told(add_to, f"Refused: {field.reason}.")


def _remover(kind: Any, field: Field, type_: Any, name: str = "value") -> Rule:
    def remove(model: Model, self: Ref[kind], value: type_) -> Plan:
        model.find(kind, self)
        if value not in KNOWN.get(field.name, (value,)):
            raise unsupported(field, value)
        return Plan(model, model)

    def remove_from(model: Model, self: Ref[kind], key: str) -> Plan:
        return remove(model, self, key)

    return _told(remove if name == "value" else remove_from, "Nothing: what is not there is gone.")


def _told(rule: Rule, words: str) -> Rule:
    rule.__doc__ = words
    return rule


def unsupported(field: Field, value: object) -> InvalidValue:
    """The refusal of a value: the reason, if it is one of XenAPI's."""
    is_known = value in KNOWN.get(field.name, (value,))
    return InvalidValue(field.name, f"{value}: {field.reason}" if is_known else str(value))
