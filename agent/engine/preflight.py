"""preflight(): the steps of a plan, or the refusal that can be foreseen, before anything is touched.

What a plan brings about anew must be possible.  What is wrong already, and was before, holds nothing up.
"""

from collections.abc import Collection, Iterable, Iterator

from agent.desired.desired import crowded_out, stranded, wanted_nameservers
from agent.engine.converge import PLANS
from agent.engine.fault_attribution import touched
from agent.errors import DeviceAttachRejected, InvalidValue, PIFConfigurationError, VLANInUse
from agent.interface_reconfigure.plan import plan_handover
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import Address, KernelState, Link, NextHop, Route
from agent.kernel.steps import Step
from agent.model.draft import Plan
from agent.model.layering import given_by, needed_nics
from agent.model.model import Model, vifs_of, vlan_over, vlans_on
from agent.model.records import PIF, VIF, VLAN, VM, Ref
from agent.model.vifs import device_of, is_plugged


def preflight(
    plan: Plan, actual: KernelState, wanted: KernelState, *, makes_devices: bool
) -> tuple[Step, ...]:
    """The steps; a Failure where their outcome is impossible, Refused where a step would be.

    makes_devices: whether a VM that takes a VIF brings the host's device with it.
    """
    check_nics_exist(plan, actual)
    check_vifs_exist(plan, actual, brought=plan.plug if makes_devices else ())
    check_vlans_are_free(plan, actual)
    check_nothing_is_stranded(plan, actual)
    check_rival_routes(plan, actual)
    check_resolver_is_writable(plan, actual)
    return (*PLANS.steps(actual, wanted), *handover_steps(plan, actual, wanted))


def handover_steps(plan: Plan, actual: KernelState, wanted: KernelState) -> tuple[Step, ...]:
    """The steps that make another member of a bond the active one, if a call is about that."""
    if plan.active_slave is None:
        return ()
    bond, slave = plan.active_slave
    if bond not in actual.links:
        raise InvalidValue("value", f"{bond} is not plugged")
    if slave not in actual.links or not actual.links[slave].carrier:
        raise InvalidValue("value", f"{slave} has no carrier")
    return plan_handover(actual, wanted, bond, slave)


def check_nics_exist(plan: Plan, actual: KernelState) -> None:
    """A NIC that the plan needs has to be there."""
    for _, device in sorted(needed_nics(plan.after) - needed_nics(plan.before)):
        if device not in actual.links:
            pif = next(pif for pif in plan.after.all(PIF) if pif.device == device and pif.physical)
            raise PIFConfigurationError(pif.ref, f"{device} is not there")


def check_vlans_are_free(plan: Plan, actual: KernelState) -> None:
    """The kernel has one VLAN of a tag on a device, and that one may be somebody else's, by any name."""
    changed = plan.before.table.differing(plan.after.table)
    new = plugged_vlans(plan.after, changed) - plugged_vlans(plan.before, changed)
    for device, tag in sorted(new):
        twins = actual.twins(Link(name="", kind="vlan", lower=device, options=VLANOptions(tag)))
        if any(not actual.links[name].owned for name in twins):
            raise VLANInUse(device, str(tag))


def plugged_vlans(model: Model, changed: Iterable[str]) -> frozenset[tuple[str, int]]:
    """(device below, tag) of each VLAN that is up and has to do with records that changed."""
    records = [record for ref in changed if (record := model.records.get(ref)) is not None]
    vlans = [record for record in records if isinstance(record, VLAN)]
    for pif in (record for record in records if isinstance(record, PIF)):
        vlans += [*vlans_on(model, pif.ref), *filter(None, [vlan_over(model, pif)])]
    return frozenset(
        (model.get(vlan.tagged_PIF).device, vlan.tag)
        for vlan in vlans
        if model.get(vlan.untagged_PIF).currently_attached
    )


def check_vifs_exist(plan: Plan, actual: KernelState, *, brought: Collection[Ref[VIF]]) -> None:
    """The device of a VIF that is to be plugged has to be there: the toolstack, or a script, makes it."""
    for vif in changed_vifs(plan):
        device = device_of(plan.after, vif)
        if vif.ref in brought or device in actual.links or not is_plugged(plan.after, vif):
            continue
        if not was_plugged(plan.before, vif.ref):
            reason = f"{device} is not there: the toolstack makes it before it tells pifd"
            raise DeviceAttachRejected("VIF", vif.ref, reason)


def changed_vifs(plan: Plan) -> Iterator[VIF]:
    """The VIFs that can have come to be plugged, oldest first: their own record or their VM's changed."""
    found: set[str] = set()
    for ref in plan.before.table.differing(plan.after.table):
        record = plan.after.records.get(ref)
        found |= {ref} if isinstance(record, VIF) else set()
        found |= {vif.ref for vif in vifs_of(plan.after, record.ref)} if isinstance(record, VM) else set()
    yield from (plan.after.get(Ref[VIF](ref)) for ref in plan.after.table.in_order(found))


def was_plugged(model: Model, ref: Ref[VIF]) -> bool:
    """Whether a VIF is in the model, and plugged."""
    return ref in model.records and is_plugged(model, model.get(ref))


def check_rival_routes(plan: Plan, actual: KernelState) -> None:
    """Two routes to one destination exclude each other; somebody else's is not pifd's to replace."""
    for route in sorted(crowded_out(plan.after, actual) - crowded_out(plan.before, actual)):
        reason = f"there is a route to {route.destination} already, and it is not this one"
        pif = next(iter(touched(plan)), None)
        raise PIFConfigurationError(pif.ref if pif else "", reason)


def check_nothing_is_stranded(plan: Plan, actual: KernelState) -> None:
    """What others put on a device of pifd's is not dropped with it."""
    lost = stranded(plan.after, actual, given_by(plan.before)) - stranded(plan.before, actual)
    for found in sorted(lost, key=lambda one: (isinstance(one, NextHop), str(one))):
        pif = next(iter(touched(plan)), None)
        raise PIFConfigurationError(pif.ref if pif else "", _why_stranded(found))


def _why_stranded(found: Address | Route | NextHop) -> str:
    if isinstance(found, NextHop):
        return f"the next hop object {found.number} on {found.link} can't be moved, and would be lost"
    if isinstance(found, Route) and found.next_hop:
        return (
            f"the route to {found.destination} on {found.link} uses the next hop object {found.next_hop}, "
            "which can't be moved"
        )
    what = found.interface if isinstance(found, Address) else f"the route to {found.destination}"
    return f"{what} on {found.link} is not pifd's, and would be lost"


def check_resolver_is_writable(plan: Plan, actual: KernelState) -> None:
    """Name servers can't be set where another program writes resolv.conf."""
    servers = wanted_nameservers(plan.after)
    if actual.resolver is None and servers and servers != wanted_nameservers(plan.before):
        pif = next(iter(touched(plan)), None)
        reason = "resolv.conf is a symbolic link: another program writes it"
        raise PIFConfigurationError(pif.ref if pif else "", reason)
