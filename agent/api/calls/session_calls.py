"""The messages of XenAPI's class session: logins and their ends, and what there is to know of a session."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from agent.api.calls.call import Call
from agent.api.calls.changing import Rule
from agent.api.calls.getters import Run
from agent.api.calls.setters import setters
from agent.api.encodings.values import Value
from agent.api.records.computed import View
from agent.api.records.parameters import Parameter, parameter_of
from agent.api.records.record import field_names, record_of
from agent.api.sessions.roles import Role
from agent.api.sessions.sessions import Session
from agent.model.records import Ref


async def login(call: Call, uname: str, pwd: str, version: str = "1.0", originator: str = "") -> Value:
    """A session of the user that the kernel says the caller is.  The credentials are not looked at."""
    caller = call.client.caller
    user = await call.agent.sessions.names.of(caller.uid)
    superuser = role_of(call) is Role.OPERATOR
    return call.agent.sessions.login(caller, user=user, originator=originator, superuser=superuser)


async def local_login(call: Call, uname: str, pwd: str) -> Value:
    """A session, as from login: there is no master that it would need."""
    return await login(call, uname, pwd)


async def logout(call: Call, session: Any) -> Value:
    """End a session of one's own, an operator any; raises SESSION_INVALID for whatever is none."""
    call.agent.sessions.logout(session, call.client.caller, role_of(call))
    return ""


def about_sessions() -> Iterator[tuple[str, tuple[Parameter, ...], Run]]:
    """Name, parameters and function of what is asked of one session, and set in it.

    Only who has its reference can ask: like XenAPI, there is no message that lists sessions.
    """
    self = parameter_of("self", Ref[Session])
    yield "get_record", (self,), get_record
    for name in field_names(Session):
        yield f"get_{name}", (self,), partial(get_field, name)
    for message, parameters, rule in setters(Session):
        yield message, parameters, partial(change_session, rule)


async def get_record(call: Call, self: Ref[Session]) -> dict[str, Value]:
    return record_of(View(call.agent.engine.model), found(call, self))


async def get_field(name: str, call: Call, self: Ref[Session]) -> Value:
    return (await get_record(call, self))[name]


async def change_session(rule: Rule, call: Call, /, **arguments: Any) -> Value:
    """Set a field of a session, which nobody but its user sees.  Raises Failure."""
    call.agent.sessions.change(found(call, arguments["self"]), rule, **arguments)
    return ""


def found(call: Call, session: Ref[Session]) -> Session:
    """The session that is asked about."""
    return call.agent.sessions.find(session, call.client.caller, role_of(call))


def role_of(call: Call) -> Role | None:
    """The caller's role."""
    return call.agent.roles.role_of(call.client.caller)
