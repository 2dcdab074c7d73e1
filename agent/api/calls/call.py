"""Call, one use of a method: who asks for it, in which session, and Agent, what there is to answer with."""

from dataclasses import dataclass

from agent.api.audit.audit import Audit
from agent.api.engine import Engine
from agent.api.events.events import Events
from agent.api.sessions.caller import Client
from agent.api.sessions.roles import Roles
from agent.api.sessions.sessions import Sessions
from agent.api.tasks.tasks import Tasks
from agent.engine.notifier import Notifier


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
