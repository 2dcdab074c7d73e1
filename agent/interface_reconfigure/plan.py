"""plan(actual, wanted): the ordered steps that make the kernel what it should be.

The host must be reachable between any two steps: the daemon may be killed there.  Three things follow.

Make before break: a new place is whole, and has carrier, before anything moves into it.
One send for what belongs together: between its messages no frame is handled, so an address is never without
a place, and a bridge never has two ways to the outside.
Each phase looks at the state that the steps so far will have made, not at what was done: so a plan also goes
on from a kernel that was left half-way.

The phases, and why each stands where it does:

1. delete_misfits: a device of ours of another kind, tag or end has the name that its successor needs.
2. create_devices: bridges before the bonds and tunnels that are their ports.  They are up, with their MAC,
   and empty: without a NIC they disturb nobody.  A new way to the outside does not learn yet: it would learn
   guests that are still in their old place.
3. set_attributes: what stays gets what it lacks, before something needs it, an MTU for example.
4. change_bonds: options of a bond that stays; ports leave it only where the kernel insists.
5. wake_nics: NICs that stay come up, and take larger packets, before others rely on that.
6. move_early_ports: NICs that carry nothing move, so that the new place gets carrier.  One that carries
   addresses stays until they have moved; nic_moves chooses these keepers.
7. make_vlans: on the bonds that have carrier now.  They stay out of their bridges: the old VLAN is still in
   there, and two would be a loop.
8. move_addresses: the one moment.  Addresses, routes, VLANs and VIFs change over in one send, which also cuts
   off the bridge that they leave; neighbours and switches are told; then the kept NICs follow.
9. delete_leftovers: only now is nothing of value left in the old devices.
10. finish_devices: what had to wait for that, such as a NIC's MAC once its bond is gone, and its VLANs.
11. finish_addresses: routes that the kernel dropped with an address are put back.
12. announce_where_ports_changed: switches hear where each MAC is now.
13. set_resolver: name servers are of no use before there is a way to them.
14. set_gro: a device that refuses it keeps nothing else from being up.
"""

from dataclasses import replace

from agent.interface_reconfigure.address_moves import move_addresses
from agent.interface_reconfigure.address_steps import address_steps
from agent.interface_reconfigure.announcing import announcements, reached, told_at_once
from agent.interface_reconfigure.bond_changes import change_bonds
from agent.interface_reconfigure.filter_rules import filter_steps
from agent.interface_reconfigure.learning import let_all_learn, unlearning, with_learning
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.link_steps import attribute_steps, nic_steps, port_steps
from agent.interface_reconfigure.nic_moves import keepers, moving_nics, present_nics
from agent.interface_reconfigure.ownership import check_ownership
from agent.interface_reconfigure.planner import Planner
from agent.interface_reconfigure.shelter import shelter
from agent.interface_reconfigure.vlan_changeover import (
    changeover,
    deletions,
    make_vlans,
    old_vlans_on,
)
from agent.kernel.kinds.bond import ONE_ACTIVE, BondOptions
from agent.kernel.kinds.option import When, changes, moments
from agent.kernel.state import KernelState, Link, altered
from agent.kernel.steps import (
    CreateLink,
    DeleteLinks,
    SetActiveSlave,
    SetGRO,
    SetLearning,
    SetMTU,
    SetResolver,
    Step,
    setting,
)


def plan(actual: KernelState, wanted: KernelState) -> tuple[Step, ...]:
    """The steps from one state to the other, none if they are equal; Refused when there is no safe way."""
    check_ownership(actual, wanted)
    planner = Planner(actual, wanted)
    delete_misfits(planner)
    create_devices(planner)
    set_attributes(planner)
    change_bonds(planner)
    wake_nics(planner)
    late = move_early_ports(planner)
    make_vlans(planner, late)
    move_addresses(planner, late)
    delete_leftovers(planner)
    finish_devices(planner)
    finish_addresses(planner)
    planner.do(*filter_steps(planner.state, planner.wanted))
    announce_where_ports_changed(planner)
    set_resolver(planner)
    set_gro(planner)
    return tuple(planner.steps)


def delete_misfits(planner: Planner) -> None:
    """A device of ours that can't become what is wanted (another kind, mode, tag, end) is made anew."""
    for want in planner.unlike():
        link = planner.state.links.get(want.name)
        if want.owned and link is not None and _misfit(link, want):
            planner.do(DeleteLinks((want.name,)))
    delete_renamed(planner)


def delete_renamed(planner: Planner) -> None:
    """A VLAN whose parent is called otherwise now: the kernel has one of a tag there, by its old name."""
    for want in planner.unlike():
        if not want.owned or want.kind != "vlan" or want.name in planner.state.links:
            continue
        for twin in planner.state.twins(want):
            if planner.state.links[twin].owned and twin not in planner.wanted.links:
                planner.do(DeleteLinks((twin,)))


def _misfit(link: Link, want: Link) -> bool:
    if link.kind != want.kind or link.lower != want.lower:
        return True
    if type(link.options) is not type(want.options):
        return True
    told = [name for name, _ in changes(link.options, want.options)]
    return When.CREATION in moments(type(want.options), told)


def create_devices(planner: Planner) -> None:
    """Bridges, then the bonds and tunnels in them: with MAC, MTU and mark, up, and still without NICs."""
    missing = [link for link in planner.unlike() if link.name not in planner.state.links]
    for kinds in (("bridge",), ("bond",), ("vxlan", "gretap", "ip6gretap")):
        for link in missing:
            if link.kind in kinds and link.owned:
                planner.do(CreateLink(altered(link, active_slave="", carrier=False)))
                if link.kind == "bond" and link.master:
                    planner.do(SetLearning(link.name, learning=False))


def set_attributes(planner: Planner) -> None:
    """Devices of ours that stay get what they lack.

    Not VLANs, and not the MAC of their bridges: that changes together with the way to the outside.  A bond
    does not leave a bridge before the addresses do.
    """
    for want in planner.unlike():
        link = planner.state.links.get(want.name)
        if want.owned and want.kind != "vlan" and link is not None and link != want:
            planner.do_together(attribute_steps(link, _for_now(planner, link, want)))


def _for_now(planner: Planner, link: Link, want: Link) -> Link:
    if want.kind == "bond" and link.master:
        return replace(want, master=link.master)
    return replace(want, MAC=link.MAC) if _changes_over(planner, link.name) else want


def _changes_over(planner: Planner, name: str) -> bool:
    """Whether a bridge will stand on another VLAN than now."""
    below = planner.then.directly_below(name)
    return any(
        planner.wanted.links[lower].kind == "vlan"
        and getattr(planner.state.links.get(lower), "master", "") != name
        for lower in below
    )


def wake_nics(planner: Planner) -> None:
    """NICs that stay where they are come up, and take larger packets, before others need them to."""
    for name in present_nics(planner):
        link, want = planner.state.links[name], planner.wanted.links[name]
        if link.master == want.master and want.up and not link.up:
            planner.do_together(nic_steps(link, want))
        elif link.master == want.master and link.MTU < want.MTU:
            planner.do(SetMTU(name, want.MTU))


def move_early_ports(planner: Planner) -> list[str]:
    """Move the NICs that can go before the addresses do; gives back those that can't.

    A NIC can go when nothing with an address hangs on it, when another one with carrier stays behind until
    the addresses have moved, or when it has the address itself and slips into a bridge while up.
    """
    late = keepers(planner)
    for name in moving_nics(planner):
        if name not in late:
            shelter(planner, name, late)
            _pass_on_activity(planner, name, late)
            planner.do(*old_vlans_on(planner, name))
            planner.do_together(_moved(planner, name))
    return late


def _moved(planner: Planner, name: str) -> list[Step]:
    """Where all ports of a bond carry traffic, the others are told of in the moment in which one leaves."""
    steps, state = list(port_steps(planner.state.links[name], planner.wanted)), planner.state
    bond = state.links.get(state.links[name].master)
    if bond is None or not isinstance(bond.options, BondOptions) or bond.options.mode in ONE_ACTIVE:
        return steps
    if not any(port.carrier and _stays(planner, port) for port in state.ports(bond.name)):
        return steps
    told = announcements(state, planner.wanted, sorted(LinkLayers(state).above(bond.name)))
    return [steps[0], *told, *steps[1:]]


def _pass_on_activity(planner: Planner, name: str, late: list[str]) -> None:
    """Before the active slave leaves a bond that still carries traffic, the one that stays takes over."""
    bond = planner.state.links.get(planner.state.links[name].master)
    if bond is None or bond.kind != "bond" or bond.active_slave != name:
        return
    others = [port for port in planner.state.ports(bond.name) if port.name != name and port.carrier]
    staying = [port.name for port in others if _stays(planner, port)]
    heir = next((other.name for other in others if other.name in late), next(iter(staying), None))
    if heir is not None:
        _hand_over(planner, bond, heir)


def _stays(planner: Planner, port: Link) -> bool:
    return (
        planner.wanted.links[port.name].master == port.master if port.name in planner.wanted.links else False
    )


def plan_handover(actual: KernelState, wanted: KernelState, bond: str, heir: str) -> tuple[Step, ...]:
    """The steps after which a bond's traffic goes over another port, none if it does already."""
    planner = Planner(actual, wanted)
    link = actual.links[bond]
    if link.active_slave != heir:
        _hand_over(planner, link, heir)
        set_attributes(planner)
        let_all_learn(planner)
    return tuple(planner.steps)


def _hand_over(planner: Planner, bond: Link, heir: str) -> None:
    _take_frames_on_all_slaves(planner, bond)
    above = sorted(LinkLayers(planner.state).above(bond.name))
    told = announcements(planner.state, planner.wanted, above)
    planner.do_together([SetActiveSlave(bond.name, heir), *told])


def _take_frames_on_all_slaves(planner: Planner, bond: Link) -> None:
    """Until the switch has learnt where the host is now, it sends to the slave that was active."""
    if isinstance(bond.options, BondOptions):
        planner.do(*unlearning(planner, bond))
        planner.do(setting(bond, replace(bond.options, all_slaves_active=True)))


def delete_leftovers(planner: Planner) -> None:
    for step in deletions(planner.state, tuple(planner.unwanted())):
        if step.names[0] in planner.state.links:
            planner.do(step)


def finish_devices(planner: Planner) -> None:
    """What had to wait: a bond whose last port left has lost its MAC, a NIC's VLANs need it in its place."""
    set_attributes(planner)
    finish_nics(planner)
    make_vlans(planner, [])
    groups = changeover(planner, planner.state)
    planner.do_together(with_learning(planner, told_at_once(groups, planner.state, planner.wanted)))
    set_attributes(planner)
    let_all_learn(planner)


def finish_nics(planner: Planner) -> None:
    """NICs that stay where they are get the MTU, MAC and state that they should have."""
    for name in present_nics(planner):
        link, want = planner.state.links[name], planner.wanted.links[name]
        if link != want:
            planner.do_together(nic_steps(link, want))


def finish_addresses(planner: Planner) -> None:
    """What was lost on the way, as routes go with the last address, is put back."""
    planner.do_together(address_steps(planner.state, planner.wanted))


def announce_where_ports_changed(planner: Planner) -> None:
    """A switch that remembers an address at a port that is now a silent backup would send into the void.

    It forgets by itself only when the port is seen down, and a short bounce goes unseen.
    """
    before, after = LinkLayers(planner.actual), LinkLayers(planner.state)
    links, old = planner.state.links, planner.actual.links
    changed = planner.actual.table.differing(planner.state.table)
    elsewhere = [
        name
        for name in sorted(reached(planner.state, planner.wanted))
        if not changed.isdisjoint(before.below(name) | after.below(name))
        and (before.below(name) != after.below(name) or (name in old and old[name].MAC != links[name].MAC))
    ]
    planner.do(*announcements(planner.state, planner.wanted, elsewhere))


def set_resolver(planner: Planner) -> None:
    if planner.state.resolver != planner.wanted.resolver:
        planner.do(SetResolver(planner.wanted.resolver or ""))


def set_gro(planner: Planner) -> None:
    for want in planner.unlike():
        if want.gro is not None and planner.state.links[want.name].gro != want.gro:
            planner.do(SetGRO(want.name, on=want.gro))
