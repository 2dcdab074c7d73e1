"""Call, one use of a method: who asks for it, in which session, whether they may, and Agent, what there is
to answer with."""

import re
from dataclasses import dataclass

from agent.api.audit.audit import Audit
from agent.api.engine import Engine
from agent.api.events.events import Events
from agent.api.sessions.caller import Client
from agent.api.sessions.roles import Role, Roles
from agent.api.sessions.sessions import Sessions
from agent.api.tasks.tasks import Tasks
from agent.engine.notifier import Notifier
from agent.errors import RBACPermissionDenied

ASYNC = re.compile(r"^(Internal)?Async[._]")


@dataclass(frozen=True, slots=True)
class Agent:
    """The engine that acts, the sessions that may ask it to, the tasks nobody waits for, and the events.

    roles: who may do what.  audit: what becomes of what they do.  pool: the routing.PoolDoor of a configured
    pool.
    """

    engine: Engine
    sessions: Sessions
    tasks: Tasks
    events: Events
    roles: Roles
    audit: Audit
    pool: object = None


@dataclass(frozen=True, slots=True)
class Call:
    """session: a valid one, "" where the method takes none.  method: the wire name, `Class.message`."""

    agent: Agent
    client: Client
    session: str
    method: str


def agent_of(
    engine: Engine, roles: Roles | None = None, audit: Audit | None = None, pool: object = None
) -> Agent:
    """The agent of an engine, with no sessions and no tasks yet.

    By default, root and the user that this process runs as may do everything, and the log has what they do.
    """
    tasks_notifier = Notifier(engine.notifier)
    events = Events(engine.notifier, tasks_notifier)
    sessions = Sessions(forget=events.forget)
    return Agent(engine, sessions, Tasks(tasks_notifier), events, roles or Roles(), audit or Audit(), pool)


def obstacle(call: Call, *, changes: bool) -> RBACPermissionDenied | None:
    """Why the caller may not make this call, if so.  changes: whether the method may change anything."""
    role = call.agent.roles.role_of(call.client.caller)
    if role is Role.OPERATOR or (role is Role.READER and not changes):
        return None
    uid = call.client.caller.uid
    return RBACPermissionDenied(
        permission(call.method), f"user {uid} may {'only look' if role else 'not use pifd'}"
    )


def permission(method: str) -> str:
    """The name of the permission that a method needs: XenAPI's, the same for its async mode."""
    return ASYNC.sub("", method).lower()
