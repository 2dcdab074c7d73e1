"""The method table: every message of the API under its wire name, with its parameters and its function."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from agent.api.changing import Rule, change, dry_run
from agent.api.codec import JSON
from agent.api.echo import shortened
from agent.api.engine import Agent
from agent.api.getters import Run, get_management_interface, getters
from agent.api.parameters import Parameter, parameters_of
from agent.api.setters import setters
from agent.errors import MessageMethodUnknown, MessageParameterCountMismatch
from agent.record import CLASSES
from agent.rules import bond, constant_fields, host, network, pif, pool, reconfigure, tunnel, vif, vlan, vm

CHANGING: Mapping[str, Rule] = {
    "network.create": network.create,
    "network.destroy": network.destroy,
    "network.attach": network.attach,
    "network.set_default_locking_mode": constant_fields.set_default_locking_mode,
    "network.add_purpose": constant_fields.add_purpose,
    "network.remove_purpose": constant_fields.remove_purpose,
    "PIF.scan": pif.scan,
    "PIF.introduce": pif.introduce,
    "PIF.forget": pif.forget,
    "PIF.plug": pif.plug,
    "PIF.unplug": pif.unplug,
    "PIF.set_disallow_unplug": pif.set_disallow_unplug,
    "PIF.set_property": pif.set_property,
    "PIF.reconfigure_ip": reconfigure.reconfigure_ip,
    "PIF.reconfigure_ipv6": reconfigure.reconfigure_ipv6,
    "PIF.set_primary_address_type": reconfigure.set_primary_address_type,
    "PIF.create_VLAN": vlan.create_VLAN,
    "PIF.destroy": vlan.destroy_PIF,
    "Bond.create": bond.create,
    "Bond.destroy": bond.destroy,
    "Bond.set_mode": bond.set_mode,
    "Bond.set_property": bond.set_property,
    "VLAN.create": vlan.create,
    "VLAN.destroy": vlan.destroy,
    "tunnel.create": tunnel.create,
    "tunnel.destroy": tunnel.destroy,
    "VIF.create": vif.create,
    "VIF.destroy": vif.destroy,
    "VIF.plug": vif.plug,
    "VIF.unplug": vif.unplug,
    "VIF.unplug_force": vif.unplug_force,
    "VIF.move": vif.move,
    "VIF.set_locking_mode": constant_fields.set_locking_mode,
    "VIF.set_ipv4_allowed": constant_fields.set_ipv4_allowed,
    "VIF.set_ipv6_allowed": constant_fields.set_ipv6_allowed,
    "VM.create": vm.create,
    "VM.destroy": vm.destroy,
    "VM.start": vm.start,
    "VM.start_on": vm.start_on,
    "VM.clean_shutdown": vm.clean_shutdown,
    "VM.hard_shutdown": vm.hard_shutdown,
    "VM.shutdown": vm.shutdown,
    "VM.suspend": vm.suspend,
    "VM.resume": vm.resume,
    "VM.resume_on": vm.resume_on,
    "VM.pause": vm.pause,
    "VM.unpause": vm.unpause,
    "VM.set_domid": vm.set_domid,
    "VM.set_PV_drivers_detected": vm.set_PV_drivers_detected,
    "host.management_reconfigure": host.management_reconfigure,
    "host.management_disable": host.management_disable,
    "host.local_management_reconfigure": host.local_management_reconfigure,
    "pool.create_VLAN_from_PIF": pool.create_VLAN_from_PIF,
    "pool.create_VLAN": pool.create_VLAN,
    "pool.management_reconfigure": pool.management_reconfigure,
}


@dataclass(frozen=True, slots=True)
class Method:
    """One message.  `run` takes the agent, and the parameters by name; a session travels before them."""

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    takes_session: bool = True


async def call(agent: Agent, name: str, params: tuple[JSON, ...]) -> JSON:
    """Carry out one call.  Raises Failure: method, count, session, types, in this order; the call's own."""
    method = method_named(name)
    check_count(method, len(params))
    if method.takes_session:
        agent.sessions.check(params[0])
    return await method.run(agent, **arguments_of(method, params[int(method.takes_session) :]))


def method_named(name: str) -> Method:
    """The method of a wire name, `Class.message` or `Class_message`; raises MESSAGE_METHOD_UNKNOWN."""
    found = table().get(name) or _with_underscores().get(name)
    if found is None:
        raise MessageMethodUnknown(shortened(name))
    return found


def check_count(method: Method, received: int) -> None:
    """Trailing optional parameters may be left out.  The count expected includes the session.

    Of a method with optional ones it is the least when too few came, and the most when too many.
    """
    most = len(method.parameters) + method.takes_session
    least = sum(parameter.required for parameter in method.parameters) + method.takes_session
    if not least <= received <= most:
        expected = least if received < least else most
        raise MessageParameterCountMismatch(method.name, str(expected), str(received))


def arguments_of(method: Method, values: tuple[JSON, ...]) -> dict[str, Any]:
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
        yield from _real_and_dry(name, parameters_of(rule, kinds[name.partition(".")[0]]), rule)


def _setters() -> Iterator[Method]:
    for kind in CLASSES:
        for message, parameters, rule in setters(kind):
            yield from _real_and_dry(f"{kind.class_name}.{message}", parameters, rule)


def _real_and_dry(name: str, parameters: tuple[Parameter, ...], rule: Rule) -> Iterator[Method]:
    yield Method(name, parameters, partial(change, rule))
    yield Method(f"DryRun.{name}", parameters, partial(dry_run, rule))


def _getters() -> Iterator[Method]:
    for kind in CLASSES:
        for message, parameters, run in getters(kind):
            yield Method(f"{kind.class_name}.{message}", parameters, run)


def _special() -> Iterator[Method]:
    def method(name: str, run: Callable[..., Any], takes_session: bool) -> Method:
        return Method(name, parameters_of(run), run, takes_session)

    yield method("session.login_with_password", login, takes_session=False)
    yield method("session.slave_local_login_with_password", local_login, takes_session=False)
    yield method("session.logout", logout, takes_session=False)
    yield method("session.local_logout", logout, takes_session=False)
    yield method("host.get_management_interface", get_management_interface, takes_session=True)
    yield method("system.listMethods", list_methods, takes_session=True)
    yield method("pifd.topology", topology, takes_session=True)


async def login(agent: Agent, uname: str, pwd: str, version: str = "1.0", originator: str = "") -> JSON:
    """A session.  Any credentials do: the permissions of the socket have decided before."""
    return agent.sessions.login()


async def local_login(agent: Agent, uname: str, pwd: str) -> JSON:
    """A session, as from login: there is no master that it would need."""
    return agent.sessions.login()


async def logout(agent: Agent, session: Any) -> JSON:
    """End a session; raises SESSION_INVALID for whatever is none, of whatever type."""
    agent.sessions.logout(session)
    return ""


async def list_methods(agent: Agent) -> JSON:
    """The names of all methods."""
    return sorted(table())


async def topology(agent: Agent) -> JSON:
    """What is connected to what on this host."""
    return await agent.engine.topology()
