"""What a plan must not do to devices that are not pifd's: it is refused before its first step."""

from collections.abc import Iterable, Iterator

from agent.interface_reconfigure.planner import apart
from agent.kernel.state import KernelState, Link, Role
from agent.kernel.steps import CreateLink, DeleteLinks, Refused, SetMaster


def check_ownership(actual: KernelState, wanted: KernelState) -> None:
    """Refused when the way from one state to the other leads over somebody else's device.

    Only what differs is looked at, and what depends on it.
    """
    names = apart(actual, wanted)
    changed = [wanted.links[name] for name in wanted.table.in_order(names)]
    check_names(actual, changed)
    check_vlans_are_free(actual, changed)
    check_foreign_dependents(actual, wanted, names)
    check_nics_are_free(actual, wanted, names)
    check_vif_devices(actual, changed)


def check_names(actual: KernelState, changed: Iterable[Link]) -> None:
    """A name that somebody else's device has is not ours to take."""
    for link in changed:
        there = actual.links.get(link.name)
        if link.owned and there is not None and not there.owned:
            raise Refused(CreateLink(link), f"{link.name} exists already and is not pifd's")
        also = actual.has_also(link.name) if link.owned and there is None else ""
        if also:
            raise Refused(CreateLink(link), f"{also} has the name {link.name} as well")


def check_vlans_are_free(actual: KernelState, changed: Iterable[Link]) -> None:
    """The kernel has one VLAN of a tag on a device, and that one may be somebody else's, by any name."""
    for link in changed:
        if link.kind == "vlan" and link.owned:
            for other in actual.twins(link):
                if not actual.links[other].owned:
                    raise Refused(CreateLink(link), f"{other}, which is not pifd's, is this VLAN already")


def check_foreign_dependents(actual: KernelState, wanted: KernelState, changed: Iterable[str]) -> None:
    """Somebody else's device sits on one that would go or change: it would be cut off."""
    above = {name for below in changed for name in dependents(wanted, below)}
    for name in wanted.table.in_order(above):
        link = wanted.links[name]
        for below in (link.master, link.lower, link.bound):
            there, then = actual.links.get(below), wanted.links.get(below)
            if there is None or link.owned or actual.links.get(name) != link:
                continue
            if then is None or (below in (link.lower, link.bound) and _disturbs(there, then)):
                raise Refused(DeleteLinks((below,)), f"{name}, which is not pifd's, depends on {below}")


def dependents(state: KernelState, name: str) -> Iterator[str]:
    """The devices that have this one as their master, or below them."""
    for place in ("master", "lower", "bound"):
        yield from state.table.each_having((place, name))


def check_nics_are_free(actual: KernelState, wanted: KernelState, changed: Iterable[str]) -> None:
    """A NIC that somebody else's bridge or bond has got is not taken away from it."""
    for name in actual.table.in_order(changed):
        master, then = actual.links.get(actual.links[name].master), wanted.links.get(name)
        if master is None or master.owned or then is None or then.master == master.name:
            continue
        raise Refused(SetMaster(name, then.master), f"{name} is a port of {master.name}, which is not pifd's")


def check_vif_devices(actual: KernelState, changed: Iterable[Link]) -> None:
    """A bridge or a bond is somebody's, and no VM's interface, whatever a VIF's host-device says."""
    for link in changed:
        is_vif = link.role == Role.VIF
        if is_vif and link.kind in ("bridge", "bond") and actual.links.get(link.name) != link:
            raise Refused(SetMaster(link.name, link.master), f"{link.name} is a {link.kind}, and not pifd's")


def _disturbs(there: Link, then: Link) -> bool:
    return (there.master, there.up, there.MAC) != (then.master, then.up, then.MAC)
