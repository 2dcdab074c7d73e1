"""Membership of a pool, and taking over from its master: pool.join, eject, sync_networking."""

from agent.api.calls.call import Call
from agent.api.calls.routing import door_of, there
from agent.api.encodings.values import Value
from agent.errors import InvalidValue, OperationNotAllowed, PoolUnavailable
from agent.model.draft import Plan
from agent.model.facts import Facts
from agent.model.model import Model, management_of
from agent.model.records import Host, Pool, Ref
from agent.pool.sync import sync
from agent.rules.membership import check_can_join
from agent.rules.replication import preview


async def join(
    call: Call,
    master_address: str = "",
    master_username: str = "",
    master_password: str = "",
    force: bool = False,
) -> Value:
    """This host becomes a member of the pool in etcd (XenAPI, pool.join).

    Where that is, and who asks it, is in the settings.  An address that is given is to be the master's.
    """
    session = door_of(call.agent).session
    session.entries.check()
    contents = session.learner.contents()
    if contents is None:
        raise PoolUnavailable("there is no pool in it")
    check_can_join(call.agent.engine.model, contents)
    if master_address and master_address not in addresses_of(contents.model, contents.pool.master):
        raise InvalidValue("master_address", f"{master_address} is not the pool's master's")
    await session.join()
    return ""


def addresses_of(model: Model, host: Ref[Host]) -> set[str]:
    """What the host's management interface is reached by, and the host's names."""
    record, pif = model.records.get(host), management_of(model, host)
    names = {record.hostname, record.name_label} if isinstance(record, Host) else set()
    if pif is not None:
        ip = pif.ip_configuration
        names |= {ip.IP, *(one.partition("/")[0] for one in ip.IPv6)}
    return names - {""}


async def eject(call: Call, host: Ref[Host]) -> Value:
    """A host is alone from now on, with all that it has (XenAPI, pool.eject, would empty it)."""
    model = call.agent.engine.model
    gone = model.find(Host, host)
    if len(model.all(Host)) < 2:
        raise OperationNotAllowed("the host is the only one of its pool")
    if any(pool.master == gone.ref for pool in model.all(Pool)):
        raise OperationNotAllowed("it is the pool's master: designate another one first")
    await door_of(call.agent).session.membership.eject(gone)
    return ""


async def emergency_transition_to_master(call: Call) -> Value:
    """This host is the master of a pool that etcd has lost, and fills it (XenAPI)."""
    await door_of(call.agent).session.membership.be_master()
    return ""


async def sync_networking(call: Call, host: Ref[Host]) -> Value:
    """A member takes over what its master has, as at its start; a line for each object (pifd's own)."""
    chosen = call.agent.engine.model.find(Host, host)
    if chosen.elsewhere:
        return await there(call, chosen.ref, {"host": chosen.ref})
    session = door_of(call.agent).session
    session.follower.report = await sync(call.agent.engine, session.by)
    return list(session.follower.report)


async def preview_sync(call: Call, host: Ref[Host]) -> Value:
    """What `sync_networking` would do: lines for the objects, and the steps on the kernel."""
    chosen = call.agent.engine.model.find(Host, host)
    if chosen.elsewhere:
        return await there(call, chosen.ref, {"host": chosen.ref})
    by, lines = door_of(call.agent).session.by, list[str]()

    def decide(model: Model, facts: Facts) -> Plan:
        found = preview(model, chosen.ref, by, facts=facts)
        lines[:] = found.lines
        return found.plan

    outcome = await call.agent.engine.dry_run(decide)
    return [*lines, *outcome.steps]
