"""What a first start will do to this host, and what it leaves alone, as lines that a person reads."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from agent.kernel.state import KernelState
from agent.kernel.steps import Step
from agent.model.draft import Plan, changes
from agent.model.facts import NIC, Facts, words_of_leases
from agent.model.layering import attached, bridge_of
from agent.model.model import Model
from agent.model.records import PIF, KeptRoute

Managers = Callable[[str], Iterable[str]]
"""A line for each other program that configures a NIC."""
AtWorkOn = Callable[[str], str]
"""The line of one that runs, empty for none."""


def forecast(
    plan: Plan, facts: Facts, actual: KernelState, steps: Sequence[Step], managers: Managers
) -> Iterator[str]:
    """NIC by NIC, then what is not pifd's, then the steps."""
    pifs = {pif.device: pif for pif in plan.after.by(PIF, "physical", True)}
    for nic in facts.nics:
        yield from words_of_nic(plan.after, pifs[nic.device], nic)
        if pifs[nic.device].managed:
            yield from managers(nic.device)
    yield from words_of_leases(facts)
    alone = sorted(actual.links.keys() - {pif.device for pif in pifs.values() if pif.managed})
    yield f"left alone: {', '.join(alone) or 'nothing'}"
    for number, step in enumerate(steps, 1):
        yield f"step {number} of {len(steps)}: {step}"


def words_of_found(plan: Plan, facts: Facts) -> Iterator[str]:
    """What has become of NICs that a call has found."""
    if plan.before.table.has(PIF):
        new = {pif.device: pif for pif in changes(plan).added if isinstance(pif, PIF) and pif.physical}
        for nic in facts.nics:
            if nic.device in new:
                yield from words_of_nic(plan.after, new[nic.device], nic)


def words_of_nic(model: Model, pif: PIF, nic: NIC) -> Iterator[str]:
    """What becomes of a NIC, and of what it has."""
    if not pif.managed:
        yield f"{nic.device}: left alone, {nic.configured_by or _has_it(nic)}"
    elif pif not in attached(model):
        yield (
            f"{nic.device}: not in use, will be down until it is plugged"
            if nic.up
            else f"{nic.device}: stays down, until it is plugged: somebody has set it down"
        )
    elif not list(_has(nic)):
        yield f"{nic.device}: nobody uses it, is plugged into the bridge {bridge_of(model, pif)}"
    else:
        role = ", the management interface," if pif.management else ""
        yield f"{nic.device}: taken over{role} by the bridge {bridge_of(model, pif)}: {', '.join(_has(nic))}"
        for other in nic.others:
            yield f"{nic.device}: {other} is some other program's: it goes along, and is not made at a boot"


def _has_it(nic: NIC) -> str:
    return f"{nic.in_use or ', '.join(nic.unsupported)} has it"


def _has(nic: NIC) -> Iterator[str]:
    yield from nic.addresses
    yield from (kept.interface for kept in nic.kept_addresses if kept.interface not in nic.addresses)
    plain = {kept.gateway for kept in nic.kept_routes}
    for gateway in (nic.gateway, nic.ipv6_gateway):
        if gateway and gateway not in plain:
            yield f"the default route via {gateway}"
    yield from (f"a route to {subnet} via {gateway}" for subnet, gateway in nic.routes)
    yield from map(_route, nic.kept_routes)


def _route(kept: KeptRoute) -> str:
    via = f" via {kept.gateway}" if kept.gateway else ""
    return f"a route to {kept.destination}{via} (metric {kept.metric}, table {kept.table})"
