"""Shelter: what has its only way out over a NIC that goes early uses one that stays, until the bond is ready.

Several NICs of a bond can have VMs and VLANs, but only one of them can stay until all have moved.  What is on
another one does not wait for the bond to come up: its VMs go to a bridge of the NIC that stays, its VLANs are
made there a second time for a while.
"""

from collections.abc import Iterator
from dataclasses import replace

from agent.interface_reconfigure.announcing import told_at_once
from agent.interface_reconfigure.learning import with_learning
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.planner import Planner
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.state import Link
from agent.kernel.steps import CreateLink, SetMaster, Step


def shelter(planner: Planner, nic: str, late: list[str]) -> None:
    """Before a NIC goes, what needs it goes to one of the same bond that stays."""
    host = next((name for name in late if _can_shelter(planner, name, nic)), None)
    if host is None:
        return
    groups = [group for vlan in _vlans_in_need(planner, nic) for group in _second_vlan(planner, vlan, host)]
    groups += _guests_in_need(planner, nic, host)
    if groups:
        joined = {step.master for group in groups for step in group if isinstance(step, SetMaster)}
        told = told_at_once(groups, planner.state, planner.wanted)
        planner.do_together(with_learning(planner, told, joined))


def _can_shelter(planner: Planner, host: str, nic: str) -> bool:
    """Whether a NIC that stays for now is up, and will be where the other one goes."""
    link, master = planner.state.links[host], planner.wanted.links[nic].master
    return bool(master) and planner.wanted.links[host].master == master and link.up and link.carrier


def _vlans_in_need(planner: Planner, nic: str) -> Iterator[Link]:
    """The VLANs on a NIC whose bridges stay, and whom somebody uses."""
    bearing = {address.link for address in planner.state.addresses}
    for link in planner.state.uppers(nic):
        is_ours = link.owned and link.up and isinstance(link.options, VLANOptions)
        moves_up = link.master in planner.wanted.links and link.name not in planner.wanted.links
        if is_ours and moves_up and (link.master in bearing or any(_guests_of(planner, link.master))):
            yield link


def _second_vlan(planner: Planner, vlan: Link, host: str) -> Iterator[list[Step]]:
    """The VLAN on another NIC, and the change-over to it; nothing where that can't be, as on a slave."""
    assert isinstance(vlan.options, VLANOptions)
    lower = planner.state.links[host]
    if lower.master and planner.state.links[lower.master].kind == "bond":
        return
    there = replace(vlan, name=f"{host}.{vlan.options.tag}", lower=host, master="")
    is_free = there.name not in planner.state.links and not planner.state.has_also(there.name)
    if is_free and there.MTU <= lower.MTU and not planner.state.twins(there) and len(there.name) < NAME_SIZE:
        planner.do(CreateLink(there))
        yield [SetMaster(vlan.name, ""), SetMaster(there.name, vlan.master)]


NAME_SIZE = 16
"""IFNAMSIZ: a name's bytes with the null at its end."""


def _guests_in_need(planner: Planner, nic: str, host: str) -> Iterator[list[Step]]:
    """The VIFs that will leave a bridge which only this NIC serves, each to where it is served meanwhile."""
    now = LinkLayers(planner.state)
    for bridge in sorted(now.above(nic)):
        if planner.state.links[bridge].kind != "bridge" or now.below(bridge) & planner.nics != {nic}:
            continue
        for guest in _guests_of(planner, bridge):
            home = planner.wanted.links[guest.name].master
            refuge = _refuge(planner, now, bridge, nic, home, host)
            if home != bridge and refuge:
                yield [SetMaster(guest.name, refuge)]


def _refuge(planner: Planner, now: LinkLayers, bridge: str, nic: str, home: str, host: str) -> str:
    """The bridge for it: its home, if that is served already; else, of what is untagged, that of the NIC."""
    links = planner.state.links
    if home in links and host in now.below(home) and links[home].owned:
        return home
    master = links.get(links[host].master)
    is_plain = (
        links[nic].master == bridge and home in planner.wanted.links and host in planner.then.below(home)
    )
    return master.name if is_plain and master is not None and master.kind == "bridge" and master.owned else ""


def _guests_of(planner: Planner, bridge: str) -> Iterator[Link]:
    return (port for port in planner.state.ports(bridge) if port.name in planner.guests)
