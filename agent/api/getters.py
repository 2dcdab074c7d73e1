"""The messages that every class has: get_all, get_record, get_by_uuid, get_<field> and so on."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from agent.api.codec import JSON
from agent.api.echo import shortened
from agent.api.engine import Agent
from agent.api.parameters import Parameter, typed
from agent.api.records import field_names, on_wire, record_of
from agent.errors import UUIDInvalid
from agent.model import Bond, Host, Record, Ref, management_of

Run = Callable[..., Awaitable[JSON]]
NO_LINKS: frozenset[str] = frozenset()


def getters(kind: type[Any]) -> Iterator[tuple[str, tuple[Parameter, ...], Run]]:
    """Name, parameters and function of every getter of a class (XenAPI, messages every class has)."""
    self = Parameter("self", typed("self", Ref[kind]))  # type: ignore[valid-type]  # a class chosen at run time
    names = field_names(kind)
    yield "get_all", (), get_all(kind)
    yield "get_all_records", (), get_all_records(kind)
    yield "get_record", (self,), get_record(kind)
    yield "get_by_uuid", (Parameter("uuid", typed("uuid", str)),), get_by_uuid(kind)
    if "name_label" in names:
        yield "get_by_name_label", (Parameter("label", typed("label", str)),), get_by_name_label(kind)
    for name in names:
        yield f"get_{name}", (self,), get_field(kind, name)


def get_all(kind: type[Record]) -> Run:
    async def run(agent: Agent) -> JSON:
        return [record.ref for record in agent.engine.model.all(kind)]

    return run


def get_all_records(kind: type[Record]) -> Run:
    async def run(agent: Agent) -> JSON:
        links_up = await links_up_for(agent, kind)
        model = agent.engine.model
        return {record.ref: record_of(model, record, links_up) for record in model.all(kind)}

    return run


def get_record(kind: type[Record]) -> Run:
    async def run(agent: Agent, self: Ref[Any]) -> JSON:
        links_up = await links_up_for(agent, kind)
        model = agent.engine.model
        return record_of(model, model.find(kind, self), links_up)

    return run


def get_by_uuid(kind: type[Record]) -> Run:
    async def run(agent: Agent, uuid: str) -> JSON:
        record = agent.engine.model.records.get(f"OpaqueRef:{uuid}")
        if not isinstance(record, kind):
            raise UUIDInvalid(kind.class_name, shortened(uuid))
        return record.ref

    return run


def get_by_name_label(kind: type[Any]) -> Run:
    async def run(agent: Agent, label: str) -> JSON:
        return [record.ref for record in agent.engine.model.all(kind) if record.name_label == label]

    return run


def get_field(kind: type[Record], name: str) -> Run:
    whole = get_record(kind)

    async def run(agent: Agent, self: Ref[Any]) -> JSON:
        record = await whole(agent, self=self)
        assert isinstance(record, dict)
        found: JSON = record[name]
        return found

    return run


async def get_management_interface(agent: Agent, host: Ref[Host]) -> JSON:
    """The host's management interface, or the null reference (XenAPI, host.get_management_interface)."""
    model = agent.engine.model
    pif = management_of(model, model.find(Host, host).ref)
    return on_wire(None if pif is None else pif.ref)


async def links_up_for(agent: Agent, kind: type[Record]) -> frozenset[str]:
    """Which devices have carrier, asked for only where a record shows it: in a Bond's links_up."""
    return await agent.engine.links_up() if kind is Bond else NO_LINKS
