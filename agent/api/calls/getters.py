"""The messages that every class has: get_all, get_record, get_by_uuid, get_<field> and so on."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from agent.api.calls.call import Call
from agent.api.calls.refresh import current_journal
from agent.api.calls.where import get_all_records_where
from agent.api.encodings.values import Value, shortened
from agent.api.records.parameters import Parameter, parameter_of
from agent.api.records.record import field_names
from agent.errors import UUIDInvalid
from agent.model.records import Record, Ref

Run = Callable[..., Awaitable[Value]]


def getters(kind: type[Any]) -> Iterator[tuple[str, tuple[Parameter, ...], Run]]:
    """Name, parameters and function of every getter of a class (XenAPI, messages every class has)."""
    self = parameter_of("self", Ref[kind])  # type: ignore[valid-type]  # a class chosen at run time
    names = field_names(kind)
    yield "get_all", (), partial(get_all, kind)
    yield "get_all_records", (), partial(get_all_records, kind)
    yield "get_all_records_where", (parameter_of("expr", str),), partial(get_all_records_where, kind)
    yield "get_record", (self,), partial(get_record, kind)
    yield "get_by_uuid", (parameter_of("uuid", str),), partial(get_by_uuid, kind)
    if "name_label" in names:
        yield "get_by_name_label", (parameter_of("label", str),), partial(get_by_name_label, kind)
    for name in names:
        yield f"get_{name}", (self,), partial(get_field, kind, name)


async def get_all(kind: type[Record], call: Call) -> Value:
    return list(current_journal(call.agent).records(kind))


async def get_all_records(kind: type[Record], call: Call) -> Value:
    return dict(current_journal(call.agent).records(kind))


async def get_record(kind: type[Record], call: Call, self: Ref[Any]) -> Value:
    return current_journal(call.agent).find(kind, self)


async def get_by_uuid(kind: type[Record], call: Call, uuid: str) -> Value:
    ref = f"OpaqueRef:{uuid}"
    if ref not in current_journal(call.agent).records(kind):
        raise UUIDInvalid(kind.class_name, shortened(uuid))
    return ref


async def get_by_name_label(kind: type[Record], call: Call, label: str) -> Value:
    every = current_journal(call.agent).records(kind)
    return [ref for ref, record in every.items() if record["name_label"] == label]


async def get_field(kind: type[Record], name: str, call: Call, self: Ref[Any]) -> Value:
    return current_journal(call.agent).find(kind, self)[name]
