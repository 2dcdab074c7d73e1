"""The messages that every class has: get_all, get_record, get_by_uuid, get_<field> and so on."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from agent.api.codec import JSON
from agent.api.computed import SHOW_LINKS, View
from agent.api.echo import shortened
from agent.api.engine import Agent
from agent.api.parameters import Parameter, typed
from agent.api.records import field_names, on_wire, record_of
from agent.errors import UUIDInvalid
from agent.model import management_of
from agent.record import Host, Record, Ref

Run = Callable[..., Awaitable[JSON]]


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
        view = await view_for(agent, kind)
        return {record.ref: record_of(view, record) for record in view.model.all(kind)}

    return run


def get_record(kind: type[Record]) -> Run:
    async def run(agent: Agent, self: Ref[Any]) -> JSON:
        view = await view_for(agent, kind)
        return record_of(view, view.model.find(kind, self))

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


async def view_for(agent: Agent, kind: type[Record]) -> View:
    """What records of a class are computed from; who has carrier is asked only where a record shows it."""
    engine = agent.engine
    if kind not in SHOW_LINKS:
        return View(engine.model, failures=engine.failures)
    links_up = await engine.links_up()
    return View(engine.model, links_up, engine.failures)
