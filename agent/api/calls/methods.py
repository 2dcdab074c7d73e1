"""The method table: every message of the API under its wire name, with its parameters and its function."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import Any

from agent.api.calls import event_calls as event
from agent.api.calls import host_calls as host
from agent.api.calls import message_calls as messages
from agent.api.calls import pool_calls as pool
from agent.api.calls import session_calls as session
from agent.api.calls import task_calls as task
from agent.api.calls.call import ASYNC, Agent, Call, obstacle
from agent.api.calls.changing import Rule, change, change_later, change_task, dry_run, entry_of
from agent.api.calls.declared import CHANGING
from agent.api.calls.getters import Run, getters
from agent.api.calls.objects import EVERY_CLASS
from agent.api.calls.pool_wide import create_bond
from agent.api.calls.routing import carrier, there, with_pool
from agent.api.calls.setters import setters
from agent.api.encodings.request import METHOD_NOT_FOUND, Fault
from agent.api.encodings.values import Value, shortened
from agent.api.records.parameters import Parameter, parameter_of, parameters_of
from agent.api.sessions.caller import Client
from agent.api.tasks.task import Task
from agent.api.views.bond_status import bond_status
from agent.api.views.topology import topology as tree_of
from agent.errors import MessageMethodUnknown, MessageParameterCountMismatch
from agent.model.model import slaves
from agent.model.records import CLASSES, Bond, Ref


class Access(Enum):
    """What a method asks of its caller: nothing, a session, or one of somebody who may change things."""

    OPEN = "open"
    READ = "read"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Method:
    """One message.  `run` takes the call, and the parameters by name; a session travels before them."""

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    access: Access

    @property
    def takes_session(self) -> bool:
        return self.access != Access.OPEN

    @property
    def changes(self) -> bool:
        return self.access == Access.CHANGE


WAITING = frozenset({"event.from", "event.next", "session.login_with_password"})
"""What a client may wait in for something, without keeping its user's other calls from their turn."""


async def call(agent: Agent, client: Client, name: str, params: tuple[Value, ...]) -> Value:
    """Carry out one call.  Raises Failure: method, count, session, permission, types, in this order; its own.

    What it changes is audited; a call that is not waited for sees to that in its task.
    """
    method = method_named(name)
    check_count(method, len(params))
    reference = ""
    if method.takes_session:
        reference, params = agent.sessions.check(params[0], client.caller).ref, params[1:]
    this = Call(agent, client, reference, method.name)
    await check_permitted(this, method, params)
    arguments = arguments_of(method, params)
    if ASYNC.match(method.name) or method.name in WAITING:
        return await method.run(this, **arguments)
    if not method.changes:
        async with client.share.turn(is_trial=method.name.startswith("DryRun.")):
            return await method.run(this, **arguments)
    return await agent.audit.around(entry_of(this, arguments), partial(method.run, this, **arguments))


async def check_permitted(call: Call, method: Method, params: tuple[Value, ...]) -> None:
    """Raises RBAC_PERMISSION_DENIED; an attempt to change something is audited."""
    refusal = obstacle(call, changes=method.changes)
    if refusal is None:
        return
    if method.changes:
        names = (parameter.name for parameter in method.parameters)
        await call.agent.audit.denied(entry_of(call, dict(zip(names, params, strict=False))), refusal)
    raise refusal


def method_named(name: str) -> Method:
    """The method of a wire name, `Class.message` or `Class_message`.

    Raises MESSAGE_METHOD_UNKNOWN; XenAPI has a fault instead where it is only the async mode that is missing.
    """
    found = table().get(name) or _with_underscores().get(name)
    if found is None and is_known(ASYNC.sub("", name)):
        raise Fault(METHOD_NOT_FOUND, f"No async mode for this operation (rpc: {shortened(name)})")
    if found is None:
        raise MessageMethodUnknown(shortened(name))
    return found


def is_known(name: str) -> bool:
    """Whether there is a method of this wire name."""
    return name in table() or name in _with_underscores()


def check_count(method: Method, received: int) -> None:
    """Trailing optional parameters may be left out.  The count expected includes the session.

    Of a method with optional ones it is the least when too few came, and the most when too many.
    """
    most = len(method.parameters) + method.takes_session
    least = sum(parameter.required for parameter in method.parameters) + method.takes_session
    if not least <= received <= most:
        expected = least if received < least else most
        raise MessageParameterCountMismatch(method.name, str(expected), str(received))


def arguments_of(method: Method, values: tuple[Value, ...]) -> dict[str, Any]:
    """The parameters that were given, checked, by name; the rest have the function's own defaults."""
    given = zip(method.parameters, values, strict=False)
    return {parameter.name: parameter.check(value) for parameter, value in given}


@cache
def table() -> Mapping[str, Method]:
    """Every method by its wire name."""
    return {method.name: method for method in (*_special(), *_setters(), *_changing(), *_getters())}


@cache
def _with_underscores() -> Mapping[str, Method]:
    return {name.replace(".", "_"): method for name, method in table().items()}


def _changing() -> Iterator[Method]:
    kinds = {kind.class_name: kind for kind in CLASSES}
    for name, rule in CHANGING.items():
        parameters = parameters_of(rule, kinds[name.partition(".")[0]])
        yield from _real_and_dry(name, parameters, rule)
        for prefix in ("Async", "InternalAsync"):
            yield Method(f"{prefix}.{name}", parameters, partial(change_later, rule), Access.CHANGE)


def _setters() -> Iterator[Method]:
    for kind in CLASSES:
        for message, parameters, rule in setters(kind):
            yield from _real_and_dry(f"{kind.class_name}.{message}", parameters, rule)
    for message, parameters, rule in setters(Task):
        yield Method(f"task.{message}", parameters, partial(change_task, rule), Access.CHANGE)


def _real_and_dry(name: str, parameters: tuple[Parameter, ...], rule: Rule) -> Iterator[Method]:
    yield Method(name, parameters, partial(change, rule), Access.CHANGE)
    yield Method(f"DryRun.{name}", parameters, partial(dry_run, rule), Access.READ)


def _getters() -> Iterator[Method]:
    for kind in EVERY_CLASS:
        for message, parameters, run in getters(kind):
            yield Method(f"{kind.class_name}.{message}", parameters, run, Access.READ)


def _special() -> Iterator[Method]:
    for name, run, access in SPECIAL:
        yield Method(name, parameters_of(run), run, access)
    for message, parameters, run in session.about_sessions():
        yield Method(f"session.{message}", parameters, run, Access.READ)
    for name in host.WITHOUT_OBJECTS:
        for message, parameters, run in host.of_no_objects(name):
            yield Method(f"{name}.{message}", parameters, run, Access.READ)
    of_sync = parameters_of(pool.sync_networking)
    yield Method("pool.sync_networking", of_sync, pool.sync_networking, Access.CHANGE)
    yield Method("DryRun.pool.sync_networking", of_sync, pool.preview_sync, Access.READ)
    inject = (parameter_of("class", str), parameter_of("ref", str))
    yield Method("event.inject", inject, event.inject, Access.READ)


async def list_methods(call: Call, session: str = "") -> Value:
    """The names of all methods; needs no session, but XenAPI's client always sends one."""
    return sorted(table())


async def is_alive(call: Call, session: str = "") -> Value:
    """True; needs no session, but XenAPI's client always sends one."""
    return True


async def get_bond_status(call: Call, self: Ref[Bond]) -> Value:
    """What a bond and its members do now, and in words why: link, LACP, and what is active."""
    engine = call.agent.engine
    bond = engine.model.find(Bond, self)
    if (elsewhere := carrier(engine.model, [self])) is not None:
        return await there(call, elsewhere, {"self": self})
    names = [engine.model.get(bond.master).device, *(pif.device for pif in slaves(engine.model, bond))]
    return bond_status(engine.model, bond, await engine.live_links(names), engine.devices, engine.history)


async def topology(call: Call) -> Value:
    """What is connected to what on this host."""
    engine = call.agent.engine
    state, condition = await engine.kernel_state(), engine.condition
    tree = tree_of(engine.model, state, condition.failures, condition.deviations)
    return {**tree, "status": with_pool(call.agent, engine.words)}


SPECIAL: Sequence[tuple[str, Run, Access]] = (
    ("session.login_with_password", session.login, Access.OPEN),
    ("session.slave_local_login_with_password", session.local_login, Access.OPEN),
    ("session.logout", session.logout, Access.OPEN),
    ("session.local_logout", session.logout, Access.OPEN),
    ("host.get_management_interface", host.get_management_interface, Access.READ),
    ("host.get_servertime", host.get_servertime, Access.READ),
    ("host.get_server_localtime", host.get_server_localtime, Access.READ),
    ("host.signal_networking_change", host.signal_networking_change, Access.CHANGE),
    ("pool.sync_database", host.sync_database, Access.CHANGE),
    ("pool.join", pool.join, Access.CHANGE),
    ("pool.eject", pool.eject, Access.CHANGE),
    ("pool.emergency_transition_to_master", pool.emergency_transition_to_master, Access.CHANGE),
    ("pool.create_bond", create_bond, Access.CHANGE),
    ("message.create", messages.create, Access.CHANGE),
    ("message.destroy", messages.destroy, Access.CHANGE),
    ("message.destroy_many", messages.destroy_many, Access.CHANGE),
    ("message.get", messages.get, Access.READ),
    ("message.get_since", messages.get_since, Access.READ),
    ("task.create", task.create, Access.CHANGE),
    ("task.set_status", task.set_status, Access.CHANGE),
    ("task.set_progress", task.set_progress, Access.CHANGE),
    ("task.set_result", task.set_result, Access.CHANGE),
    ("task.set_error_info", task.set_error_info, Access.CHANGE),
    ("task.cancel", task.cancel, Access.CHANGE),
    ("task.destroy", task.destroy, Access.CHANGE),
    ("event.from", event.events_from, Access.READ),
    ("event.register", event.register, Access.READ),
    ("event.unregister", event.unregister, Access.READ),
    ("event.next", event.next_events, Access.READ),
    ("event.get_current_id", event.get_current_id, Access.READ),
    ("system.listMethods", list_methods, Access.OPEN),
    ("system.isAlive", is_alive, Access.OPEN),
    ("pifd.topology", topology, Access.READ),
    ("Bond.get_status", get_bond_status, Access.READ),
)
"""The messages with a function of their own, which says what parameters they have."""
