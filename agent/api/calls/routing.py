"""Which host of a pool carries a call out: the one whose objects it is about."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from agent.api.audit.audit import Entry
from agent.api.calls.call import Agent, Call
from agent.api.encodings.values import Value
from agent.api.records.computed import HERE_ALONE, Heard
from agent.api.sessions.caller import Caller
from agent.api.sessions.sessions import Session
from agent.errors import PoolUnavailable
from agent.model.model import Model, host_of, this_host
from agent.model.records import VIF, VM, Host, Ref
from agent.pool.requests import Requests
from agent.pool.session import Session as PoolSession
from agent.pool.trials import Undo


@dataclass(frozen=True, slots=True)
class PoolDoor:
    """What a configured pool is to the API.  wide: the calls that go to all hosts, if there are several."""

    session: PoolSession
    requests: Requests
    wide: Mapping[str, Callable[..., Awaitable[Value]]]


def door_of(agent: Agent) -> PoolDoor:
    """Raises PIFD_POOL_UNAVAILABLE where none is configured."""
    if not isinstance(agent.pool, PoolDoor):
        raise PoolUnavailable("pool_endpoints, the setting that says where etcd is, is not set")
    return agent.pool


def heard(agent: Agent) -> Mapping[Ref[Host], Heard]:
    """What is heard of the hosts of the pool; nothing where none is configured."""
    if not isinstance(agent.pool, PoolDoor):
        return {}
    live = agent.pool.session.liveness
    never = HERE_ALONE.last_published
    return {
        host.ref: Heard(live.is_live(host.ref), live.last_published(host.ref) or never)
        for host in agent.engine.model.all(Host)
    }


def with_pool(agent: Agent, words: str) -> str:
    """A line on this host, with what is wrong with the pool."""
    pool = agent.pool.session.words if isinstance(agent.pool, PoolDoor) else ""
    return f"{words}; {pool}" if pool else words


def wide(call: Call) -> Callable[..., Awaitable[Value]] | None:
    """How a call is carried out that is about all hosts, where there are several."""
    pool = call.agent.pool
    if not isinstance(pool, PoolDoor) or len(call.agent.engine.model.all(Host)) < 2:
        return None
    return pool.wide.get(plain(call.method))


def plain(method: str) -> str:
    """The name of a method without what says that it is not waited for."""
    return method.removeprefix("Internal").removeprefix("Async.")


def carrier(model: Model, arguments: Iterable[object]) -> Ref[Host] | None:
    """The other host that a call is about: all hosts' objects among its parameters are that one's."""
    hosts = set[Ref[Host]]()
    for value in arguments:
        for ref in value if isinstance(value, list | tuple) else (value,):
            record = model.records.get(ref) if isinstance(ref, str) else None
            if isinstance(record, VM | VIF):
                return None  # they are known to the daemon that was told of them alone
            owner = None if record is None else host_of(model, record)
            if owner is not None:
                hosts.add(owner)
    [only] = hosts if len(hosts) == 1 else [None]
    owner_record = None if only is None else model.records.get(only)
    return only if isinstance(owner_record, Host) and owner_record.elsewhere else None


async def there(
    call: Call, host: Ref[Host], arguments: Mapping[str, Any], undo: Undo | None = None, number: str = ""
) -> Value:
    """What another host's daemon makes of a call, which it undoes by itself until `number` is settled."""
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    requests, method = door_of(call.agent).requests, plain(call.method)
    answer: Value = await requests.ask(host, method, listed, asker(call), undo, number)
    return answer


def asker(call: Call) -> str:
    """Who has asked, for another host's audit log."""
    host = this_host(call.agent.engine.model)
    name = host.name_label if host else ""
    if not call.session:
        return name
    session = call.agent.sessions.check(call.session, call.client.caller)
    return f"{session.auth_user_name or session.auth_user_sid} on {name}"


def entry_for(method: str, arguments: Mapping[str, object], by: str) -> Entry:
    """A call of another host's as the audit log knows it."""
    now = datetime.now(UTC)
    session = Session(
        uuid=str(uuid4()),
        auth_user_sid="0",
        auth_user_name=by,
        originator="pool",
        validation_time=now,
        last_active=now,
    )
    return Entry(Caller(0, 0, 0), session, method, arguments)
