"""Which PIF or VIF a failure of the kernel's is about, and the Failure that its caller gets."""

from collections.abc import Iterator

from agent.engine.converge import NotTaken
from agent.engine.reachability import Unreachable
from agent.errors import DeviceAttachRejected, Failure, InternalError, PIFConfigurationError
from agent.kernel.steps import CreateLink, Refused, names_in
from agent.model.device_names import tunnel_devices, vlan_device
from agent.model.draft import Plan, changes
from agent.model.layering import bridge_of
from agent.model.model import Model, bond_of_master, management, slaves, tunnel_over, vlan_over
from agent.model.records import PIF, VIF
from agent.model.vifs import device_of, is_plugged

NOBODY = "OpaqueRef:NULL"
KNOWN = (Refused, NotTaken, Unreachable, OSError)
"""What the outside world may have against a change.  All else is a fault of pifd's own."""


def failure(plan: Plan, cause: BaseException) -> Failure:
    """What the cause is already, else DEVICE_ATTACH_REJECTED of a VIF that it names, else
    PIF_CONFIGURATION_ERROR; with the kernel's words.  A bug of pifd's own is INTERNAL_ERROR."""
    if isinstance(cause, Failure):
        return cause
    if not isinstance(cause, KNOWN):
        return InternalError(f"{type(cause).__name__}: {cause}")
    text, names = str(cause) or type(cause).__name__, named_by(cause)
    vif = next(iter([*vifs_named(plan.after, names), *vifs_on_named(plan.after, names)]), None)
    pif = next(iter([*pifs_named(plan.before, names), *touched(plan)]), None)
    if vif is not None and (pif is None or vif in vifs_named(plan.after, names)):
        return DeviceAttachRejected("VIF", vif.ref, text)
    found = pif or nearest(plan, names)
    return PIFConfigurationError(found.ref if found else NOBODY, text)


def nearest(plan: Plan, names: frozenset[str]) -> PIF | None:
    """Of what is not there yet, the PIF below: that of a VLAN, a tunnel or a bond; else management's."""
    before, after = plan.before, plan.after
    for pif in pifs_named(after, names):
        vlan, tunnel, bond = vlan_over(after, pif), tunnel_over(after, pif), bond_of_master(after, pif)
        below = [vlan.tagged_PIF] if vlan else [tunnel.transport_PIF] if tunnel else []
        below += [slave.ref for slave in slaves(after, bond)] if bond else []
        known = [before.get(ref) for ref in below if ref in before.records]
        if known:
            return known[0]
    return management(before) or next(iter([*before.all(PIF), *after.all(PIF)]), None)


def named_by(cause: BaseException) -> frozenset[str]:
    """The devices that the refused step names, or that are not as they should be.

    Where one can't be made, the one below it is not to blame.
    """
    if isinstance(cause, Refused) and isinstance(cause.step, CreateLink):
        return frozenset({cause.step.link.name})
    if isinstance(cause, Refused):
        return names_in(cause.step)
    return cause.names if isinstance(cause, NotTaken) else frozenset()


def vifs_named(model: Model, names: frozenset[str]) -> list[VIF]:
    """The plugged VIFs that have one of these devices."""
    return [vif for vif in plugged_vifs(model) if device_of(model, vif) in names]


def pifs_named(model: Model, names: frozenset[str]) -> list[PIF]:
    """The PIFs that have one of these devices, or bridges."""
    return [pif for pif in model.all(PIF) if names & {*devices_of(model, pif), bridge_of(model, pif)}]


def vifs_on_named(model: Model, names: frozenset[str]) -> list[VIF]:
    """The plugged VIFs on one of these bridges: that of an internal network has no PIF."""
    return [vif for vif in plugged_vifs(model) if model.get(vif.network).bridge in names]


def plugged_vifs(model: Model) -> Iterator[VIF]:
    return (vif for vif in model.all(VIF) if is_plugged(model, vif))


def devices_of(model: Model, pif: PIF) -> tuple[str, ...]:
    """What a PIF is on this host: a NIC, a bond, a VLAN's device, or those of a tunnel."""
    vlan, tunnel = vlan_over(model, pif), tunnel_over(model, pif)
    if vlan is not None:
        return (vlan_device(model.get(vlan.tagged_PIF).device, vlan.tag),)
    return (pif.device,) if tunnel is None else tunnel_devices(pif.device, tunnel)


def touched(plan: Plan) -> list[PIF]:
    """The PIFs that a plan changes and that are there before it, so that a caller can look at them."""
    changed = [before for before, _ in changes(plan).changed if isinstance(before, PIF)]
    return [*changed, *(pif for pif in changes(plan).removed if isinstance(pif, PIF))]
