"""plan(actual, wanted): the ordered steps that make the kernel what it should be.

Make before break.  New devices are made first; NICs that carry nothing move; addresses, VLANs and VIFs
change over in one go once their new place has carrier; only then do the NICs move that carried them, and what
is left over goes.  The reasons stand with each phase.  Each phase looks at the state that the steps so far
will have made, so it also serves a kernel that was left half-way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agent.interface_reconfigure.address_steps import address_steps, announcements
from agent.interface_reconfigure.link_layers import Stack
from agent.interface_reconfigure.link_steps import attribute_steps, nic_steps, port_steps
from agent.interface_reconfigure.nic_moves import keepers, moves_by_link, moving_nics
from agent.interface_reconfigure.ownership import refuse_trespass
from agent.interface_reconfigure.planning import Course
from agent.interface_reconfigure.vlan_changeover import changeover, make_VLANs, old_VLANs_on, waiting_VLANs
from agent.kernel.simulate import apply_all
from agent.kernel.state import BondOptions, BridgeOptions, KernelState, Link
from agent.kernel.steps import (
    AwaitCarrier,
    CopyNeighbours,
    CreateLink,
    DeleteLinks,
    SetActiveSlave,
    SetGRO,
    SetMaster,
    SetMTU,
    SetOptions,
    SetResolver,
    Step,
)


def plan(actual: KernelState, wanted: KernelState) -> tuple[Step, ...]:
    """The steps from one state to the other, none if they are equal; Refused when there is no safe way."""
    refuse_trespass(actual, wanted)
    course = Course(actual, wanted)
    delete_misfits(course)
    create_devices(course)
    set_attributes(course)
    wake_nics(course)
    late = move_early_ports(course)
    make_VLANs(course, late)
    move_addresses(course, late)
    delete_leftovers(course)
    settle_devices(course)
    settle_addresses(course)
    announce_where_ports_changed(course)
    set_resolver(course)
    set_GRO(course)
    return tuple(course.steps)


def delete_misfits(course: Course) -> None:
    """A device of ours that can't become what is wanted (another kind, mode, tag, end) is made anew."""
    for name, want in course.wanted.links.items():
        link = course.state.links.get(name)
        if want.owned and link is not None and _misfit(link, want):
            course.do(DeleteLinks((name,)))


def _misfit(link: Link, want: Link) -> bool:
    if link.kind != want.kind or link.lower != want.lower:
        return True
    if isinstance(link.options, BondOptions) and isinstance(want.options, BondOptions):
        return link.options.mode != want.options.mode
    return not isinstance(want.options, BridgeOptions) and link.options != want.options


def create_devices(course: Course) -> None:
    """Bridges, then the bonds and tunnels in them: with MAC, MTU and mark, up, and still without NICs."""
    missing = [link for name, link in course.wanted.links.items() if name not in course.state.links]
    for kinds in (("bridge",), ("bond",), ("vxlan", "gretap", "ip6gretap")):
        for link in missing:
            if link.kind in kinds and link.owned:
                course.do(CreateLink(replace(link, active_slave="", carrier=False)))


def set_attributes(course: Course) -> None:
    """Devices of ours that stay get what they lack.

    Not VLANs, and not the MAC of their bridges: that changes together with the way to the outside.  A bond
    does not leave a bridge before the addresses do.
    """
    for name, want in course.wanted.links.items():
        link = course.state.links.get(name)
        if want.owned and want.kind != "vlan" and link is not None and link != want:
            course.do_together(attribute_steps(link, _for_now(course, link, want)))


def _for_now(course: Course, link: Link, want: Link) -> Link:
    if want.kind == "bond" and link.master:
        return replace(want, master=link.master)
    return replace(want, MAC=link.MAC) if _changes_over(course, link.name) else want


def _changes_over(course: Course, name: str) -> bool:
    """Whether a bridge will stand on another VLAN than now."""
    below = course.then.directly_below(name)
    return any(
        course.wanted.links[lower].kind == "vlan"
        and getattr(course.state.links.get(lower), "master", "") != name
        for lower in below
    )


def wake_nics(course: Course) -> None:
    """NICs that stay where they are come up, and take larger packets, before others need them to."""
    for name in sorted(course.nics & course.state.links.keys()):
        link, want = course.state.links[name], course.wanted.links[name]
        if link.master == want.master and want.up and not link.up:
            course.do_together(nic_steps(link, want))
        elif link.master == want.master and link.MTU < want.MTU:
            course.do(SetMTU(name, want.MTU))


def move_early_ports(course: Course) -> list[str]:
    """Move the NICs that can go before the addresses do; gives back those that can't.

    A NIC can go when nothing with an address hangs on it, when another one with carrier stays behind until
    the addresses have moved, or when it has the address itself and slips into a bridge while up.
    """
    late = keepers(course)
    for name in moving_nics(course):
        if name not in late:
            _pass_on_activity(course, name, late)
            course.do(*old_VLANs_on(course, name))
            course.do_together(port_steps(course.state.links[name], course.wanted))
    return late


def _pass_on_activity(course: Course, name: str, late: list[str]) -> None:
    """Before the active slave leaves a bond that still carries traffic, the one that stays takes over."""
    bond = course.state.links.get(course.state.links[name].master)
    if bond is None or bond.kind != "bond" or bond.active_slave != name:
        return
    others = [port.name for port in course.state.ports(bond.name) if port.name != name and port.up]
    heir = next((other for other in others if other in late), None)
    if heir is not None:
        _take_frames_on_all_slaves(course, bond)
        above = sorted(Stack(course.state.links).above(bond.name))
        told = announcements(course.state, course.wanted, above)
        course.do_together([SetActiveSlave(bond.name, heir), *told])


def _take_frames_on_all_slaves(course: Course, bond: Link) -> None:
    """Until the switch has learnt where the host is now, it sends to the slave that was active."""
    if isinstance(bond.options, BondOptions):
        course.do(SetOptions(bond.name, replace(bond.options, all_slaves_active=True)))


def move_addresses(course: Course, late: list[str]) -> None:
    """Addresses, routes, VLANs and VIFs change over in one go, then the NICs go that were kept for them.

    A bridge that the addresses leave for good is cut off in the same send.  It has the MAC that its
    successor has: one multicast report of its own, as IPv6 sends when an address goes, would draw the
    switch's traffic back to a port that is about to go down.  What still arrives there is taken all the same.

    Where a new home has no port yet, the kept NIC goes in the same send: there is no other way to have the
    addresses away for a shorter time.  It goes first, for it may be the new home itself, and take routes only
    when it is up.
    """
    moves = [(address.link, home) for pairs in moves_by_link(course).values() for address, home in pairs]
    waiting = waiting_VLANs(course)
    homes = {home for _, home in moves} | {name for name in waiting if course.state.addresses_of(name)}
    now = Stack(course.state.links)
    served = {name for name in homes | waiting.keys() if _uplinks(course, now, name, waiting) - {*late}}
    bare = sorted(homes - served)
    ready = sorted(homes - {*bare} | {name for name in waiting if waiting[name] in course.state.links})
    course.do(*(AwaitCarrier(name) for name in _awaited(course, served, waiting)))
    course.do(*(CopyNeighbours(*pair) for pair in sorted(set(moves))))
    first = _late_first(course, late) if bare else []
    change = [*first, *changeover(course, apply_all(first, course.state))]
    state = apply_all(change, course.state)
    cut = _cutting_steps(course, state, {link for link, _ in moves})
    course.do_together([*change, *address_steps(state, course.wanted), *cut])
    course.do(*(AwaitCarrier(name) for name in _awaited(course, bare, waiting)))
    course.do(*announcements(course.state, course.wanted, sorted({*bare, *ready})))
    if not bare:
        course.do_together(_late_steps(course, late))


def _awaited(course: Course, homes: Iterable[str], waiting: Mapping[str, str]) -> list[str]:
    """The devices whose carrier the homes need, each once: of VLANs the one below, which they share."""
    links = course.wanted.links
    below = {links[waiting[home]].lower for home in homes if home in waiting}
    plain = {home for home in homes if home not in waiting}
    return sorted(plain | {name for name in below if links[name].master not in plain})


def _uplinks(course: Course, now: Stack, home: str, waiting: Mapping[str, str]) -> frozenset[str]:
    """The NICs that a home has and will have, or will have from the moment when it changes over."""
    there = now.below(waiting.get(home, home)) | now.below(home)
    return there & course.then.below(home) & course.nics


def _cutting_steps(course: Course, state: KernelState, left: Iterable[str]) -> list[Step]:
    """Take the ports out of the bridges of ours that were left and are not wanted any more."""
    gone = [
        name for name in sorted(left) if course.state.links[name].owned and name not in course.wanted.links
    ]
    return [
        SetMaster(port.name, "")
        for name in gone
        for port in state.ports(name)
        if port.name not in course.guests
    ]


def _late_first(course: Course, late: list[str]) -> list[Step]:
    """The NICs that were kept, and the VLANs that had to wait for them."""
    ahead = Course(course.state, course.wanted)
    ahead.do(*_late_steps(course, late))
    make_VLANs(ahead, [])
    return ahead.steps


def _late_steps(course: Course, late: list[str]) -> list[Step]:
    steps: list[Step] = []
    for name in late:
        steps += [*old_VLANs_on(course, name), *port_steps(course.state.links[name], course.wanted)]
    return steps


def delete_leftovers(course: Course) -> None:
    """Devices of ours that are no longer wanted, in one message."""
    names = tuple(
        name
        for name, link in sorted(course.state.links.items())
        if link.owned and name not in course.wanted.links
    )
    if names:
        course.do(DeleteLinks(names))


def settle_devices(course: Course) -> None:
    """What had to wait: a bond whose last port left has lost its MAC, a NIC's VLANs need it in its place."""
    set_attributes(course)
    settle_nics(course)
    make_VLANs(course, [])
    course.do_together(changeover(course, course.state))
    set_attributes(course)


def settle_nics(course: Course) -> None:
    """NICs that stay where they are get the MTU, MAC and state that they should have."""
    for name in sorted(course.nics & course.state.links.keys()):
        link, want = course.state.links[name], course.wanted.links[name]
        if link != want:
            course.do_together(nic_steps(link, want))


def settle_addresses(course: Course) -> None:
    """What was lost on the way, as routes go with the last address, is put back."""
    course.do_together(address_steps(course.state, course.wanted))


def announce_where_ports_changed(course: Course) -> None:
    """A switch that remembers an address at a port that is now a silent backup would send into the void.

    It forgets by itself only when the port is seen down, and a short bounce goes unseen.
    """
    before, after = Stack(course.actual.links), Stack(course.state.links)
    changed = [name for name in sorted(course.state.links) if before.below(name) != after.below(name)]
    course.do(*announcements(course.state, course.wanted, changed))


def set_resolver(course: Course) -> None:
    """Name servers last: they are of no use before there is a way to them."""
    if course.state.resolver != course.wanted.resolver:
        course.do(SetResolver(course.wanted.resolver or ""))


def set_GRO(course: Course) -> None:
    """Last of all: a device that refuses it keeps nothing else from being up."""
    for name, want in course.wanted.links.items():
        if want.gro is not None and course.state.links[name].gro != want.gro:
            course.do(SetGRO(name, on=want.gro))
