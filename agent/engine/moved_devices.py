"""The NICs and VIFs that a plan gives a new place: that one vanishes on the way there fails the call."""

from dataclasses import replace

from agent.kernel.state import KernelState
from agent.model.draft import Plan
from agent.model.layering import given_by, needed_nics
from agent.model.model import Model
from agent.model.records import VIF, Ref
from agent.model.vifs import device_of, is_plugged


def moved_devices(plan: Plan) -> frozenset[str]:
    """The NICs that are in another bridge or bond afterwards, and the VIFs on another network."""
    nics = {device for _, device in needed_nics(plan.after) - needed_nics(plan.before)}
    refs = plan.before.table.differing(plan.after.table)
    vifs = [vif for ref in refs if isinstance(vif := plan.after.records.get(ref), VIF)]
    moved = {
        device_of(plan.after, vif)
        for vif in vifs
        if is_plugged(plan.after, vif) and _network(plan.before, vif.ref) != vif.network
    }
    return frozenset(nics | moved)


def with_nics_of(snapshot: KernelState, actual: KernelState, plan: Plan) -> KernelState:
    """A state with the NICs that were there when the call was checked."""
    links = actual.table
    for name in sorted(given_by(plan.after).nics):
        if name in snapshot.links and name not in links:
            links = links.with_value(name, snapshot.links[name])
    return replace(actual, links=links)


def _network(model: Model, ref: Ref[VIF]) -> object:
    return model.get(ref).network if ref in model.records else None
