"""What a plan must not do to devices that are not pifd's: it is refused before its first step."""

from agent.kernel.state import KernelState, Link, Role
from agent.kernel.steps import CreateLink, DeleteLinks, Refused, SetMaster


def check_ownership(actual: KernelState, wanted: KernelState) -> None:
    """Refused when the way from one state to the other leads over somebody else's device."""
    check_names(actual, wanted)
    check_vlans_are_free(actual, wanted)
    check_foreign_dependents(actual, wanted)
    check_nics_are_free(actual, wanted)
    check_vif_devices(actual, wanted)


def check_names(actual: KernelState, wanted: KernelState) -> None:
    """A name that somebody else's device has is not ours to take."""
    also = {name: link.name for link in actual.links.values() for name in link.names}
    for name, link in wanted.links.items():
        there = actual.links.get(name)
        if link.owned and there is not None and not there.owned:
            raise Refused(CreateLink(link), f"{name} exists already and is not pifd's")
        if link.owned and name in also and there is None:
            raise Refused(CreateLink(link), f"{also[name]} has the name {name} as well")


def check_vlans_are_free(actual: KernelState, wanted: KernelState) -> None:
    """The kernel has one VLAN of a tag on a device, and that one may be somebody else's, by any name."""
    taken = {(link.lower, link.options): link for link in actual.links.values() if link.kind == "vlan"}
    for link in wanted.links.values():
        other = taken.get((link.lower, link.options)) if link.kind == "vlan" and link.owned else None
        if other is not None and not other.owned:
            raise Refused(CreateLink(link), f"{other.name}, which is not pifd's, is this VLAN already")


def check_foreign_dependents(actual: KernelState, wanted: KernelState) -> None:
    """Somebody else's device sits on one that would go or change: it would be cut off."""
    for name, link in wanted.links.items():
        for below in (link.master, link.lower, link.bound):
            there, then = actual.links.get(below), wanted.links.get(below)
            if there is None or link.owned or actual.links.get(name) != link:
                continue
            if then is None or (below in (link.lower, link.bound) and _disturbs(there, then)):
                raise Refused(DeleteLinks((below,)), f"{name}, which is not pifd's, depends on {below}")


def check_nics_are_free(actual: KernelState, wanted: KernelState) -> None:
    """A NIC that somebody else's bridge or bond has got is not taken away from it."""
    for name, link in actual.links.items():
        master, then = actual.links.get(link.master), wanted.links.get(name)
        if master is None or master.owned or then is None or then.master == link.master:
            continue
        raise Refused(SetMaster(name, then.master), f"{name} is a port of {master.name}, which is not pifd's")


def check_vif_devices(actual: KernelState, wanted: KernelState) -> None:
    """A bridge or a bond is somebody's, and no VM's interface, whatever a VIF's host-device says."""
    for name, link in wanted.links.items():
        if link.role == Role.VIF and link.kind in ("bridge", "bond") and actual.links.get(name) != link:
            raise Refused(SetMaster(name, link.master), f"{name} is a {link.kind}, and not pifd's")


def _disturbs(there: Link, then: Link) -> bool:
    return (there.master, there.up, there.MAC) != (then.master, then.up, then.MAC)
