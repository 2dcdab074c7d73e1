"""A bridge's way to the outside and its VMs: VLANs made on their new parents, then changed over in one go.

A VLAN can't be put on another parent.  The new one is made beside the old one and stays out of the bridge
until the moment when the old one leaves it: with both in it, the switch would have a loop.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.interface_reconfigure.link_steps import attribute_steps, nic_steps
from agent.interface_reconfigure.planner import Planner, apart
from agent.kernel.state import KernelState, Link, altered
from agent.kernel.steps import CreateLink, DeleteLinks, SetMAC, SetMaster, Step


def make_vlans(planner: Planner, late: list[str]) -> None:
    """The VLANs whose device below is where it belongs: missing ones are made, others get what they lack."""
    for want in planner.unlike():
        if want.owned and want.kind == "vlan" and _is_ready(planner, want, late):
            link = planner.state.links.get(want.name)
            if link is None:
                master = "" if _has_uplink(planner, want.master) else want.master
                planner.do(CreateLink(altered(want, master=master)))
            elif link != want:
                planner.do_together(attribute_steps(link, replace(want, master=link.master)))


def _is_ready(planner: Planner, want: Link, late: list[str]) -> bool:
    """Not before its NIC is in place: on a bond's slave, the VLAN would take the bond's frames away."""
    lower, then = planner.state.links.get(want.lower), planner.wanted.links.get(want.lower)
    if lower is None or then is None or want.lower in late:
        return False
    if lower.MTU < want.MTU or (want.up and not lower.up):
        return False
    return lower.owned or lower.master == then.master


def _has_uplink(planner: Planner, bridge: str) -> bool:
    """Whether the bridge has a port to the outside already."""
    return any(name not in planner.guests for name in planner.state.table.each_having(("master", bridge)))


def changeover(planner: Planner, state: KernelState) -> list[list[Step]]:
    """Bridge by bridge the old uplink out, the new one in with its MAC; then the VIFs, one by one.

    What goes from one bridge to another leaves before all that.
    """
    joining = {name: bridge for name, bridge in _joining(planner, state) if name in state.links}
    leaving = list(_out(planner, state))
    groups: dict[str, list[Step]] = {"": [out for out in leaving if out.name in joining]}
    for out in leaving:
        if out.name not in joining:
            groups.setdefault(state.links[out.name].master, []).append(out)
    for name, bridge in sorted(joining.items()):
        groups.setdefault(bridge, []).extend(_joining_steps(planner, state, name, bridge))
    return [*(groups[bridge] for bridge in sorted(groups)), *vif_groups(planner, state)]


def flat_groups(groups: Iterable[Iterable[Step]]) -> Iterator[Step]:
    return (step for group in groups for step in group)


def waiting_vlans(planner: Planner) -> dict[str, str]:
    """By bridge, the VLANs that will be its port and are not: those made already, and those still to come."""
    return {bridge: name for name, bridge in _joining(planner, planner.state)}


def _joining(planner: Planner, state: KernelState) -> Iterator[tuple[str, str]]:
    """The VLANs that will be ports of bridges that are there, and are not yet; each with its bridge."""
    for want in planner.unlike(state):
        link = state.links.get(want.name)
        is_there = link is not None and link.master == want.master
        if want.owned and want.kind == "vlan" and want.master in state.links and not is_there:
            yield want.name, want.master


def _out(planner: Planner, state: KernelState) -> Iterator[SetMaster]:
    for name in sorted(apart(state, planner.wanted) & state.links.keys()):
        link, want = state.links[name], planner.wanted.links.get(name)
        leaves = link.owned and link.master and (want is None or want.master != link.master)
        if leaves and (_is_lone_bond(want) or _is_served(planner, state, link)):
            yield SetMaster(name, "")


def _is_lone_bond(want: Link | None) -> bool:
    """A bond that stays, for VLANs alone."""
    return want is not None and want.kind == "bond"


def _is_served(planner: Planner, state: KernelState, old: Link) -> bool:
    """Whether this is a VLAN whose bridge, if it stays, has its new VLAN waiting."""
    if old.kind != "vlan" or old.master not in planner.wanted.links:
        return False
    awaited = [name for name in planner.then.directly_below(old.master) if _kind(planner, name) == "vlan"]
    return all(name in state.links for name in awaited)


def _kind(planner: Planner, name: str) -> str:
    return planner.wanted.links[name].kind


def _joining_steps(planner: Planner, state: KernelState, name: str, bridge: str) -> Iterator[Step]:
    """The bridge of a VLAN has the MAC of the VLAN's parent."""
    want = planner.wanted.links[bridge]
    yield SetMaster(name, bridge)
    if state.links[bridge].MAC != want.MAC:
        yield SetMAC(bridge, want.MAC)


def vif_groups(planner: Planner, state: KernelState) -> Iterator[list[Step]]:
    """The VIFs' devices become ports of their networks' bridges, or of none; their MACs are not pifd's."""
    for want in sorted(planner.unlike(state), key=lambda want: want.name):
        link = state.links.get(want.name)
        if link is not None and want.name in planner.guests:
            yield list(nic_steps(link, replace(want, MAC=link.MAC)))


def old_vlans_on(planner: Planner, nic: str) -> list[Step]:
    """The VLANs that a NIC loses: they go before it does, lest they take the frames of its bond."""
    names = tuple(
        link.name
        for link in planner.state.uppers(nic)
        if link.owned and link.kind == "vlan" and link.name not in planner.wanted.links
    )
    return list(deletions(planner.state, names))


def deletions(state: KernelState, names: tuple[str, ...]) -> list[DeleteLinks]:
    """In one message; one by one where somebody's device is in the group by which it would be done."""
    if state.is_group_shared:
        return [DeleteLinks((name,)) for name in names]
    return [DeleteLinks(names)] if names else []
