"""plan(actual, wanted): the ordered steps that make the kernel what it should be.

Make before break.  New devices are made first; ports that carry nothing move; addresses move in one go once
their new place has carrier; only then do the ports move that carried them, and what is left over goes.  The
reasons stand with each phase.  Each phase looks at the state that the steps so far will have made, so it
also serves a kernel that was left half-way.
"""

from collections.abc import Iterable
from dataclasses import replace

from agent.address_steps import address_steps, announcement
from agent.kernel.apply import apply, apply_all
from agent.kernel.state import Address, BondOptions, KernelState, Link
from agent.kernel.steps import (
    AwaitCarrier,
    CopyNeighbours,
    CreateLink,
    DeleteLinks,
    SetActiveSlave,
    SetMaster,
    SetOptions,
    SetResolver,
    Step,
    Together,
)
from agent.link_steps import attribute_steps, nic_steps, port_steps
from agent.trespass import refuse_trespass


def plan(actual: KernelState, wanted: KernelState) -> tuple[Step, ...]:
    """The steps from one state to the other, none if they are equal; Refused when there is no safe way."""
    refuse_trespass(actual, wanted)
    course = Course(actual, wanted)
    delete_misfits(course)
    create_devices(course)
    set_attributes(course)
    wake_nics(course)
    late = move_early_ports(course)
    move_addresses(course, late)
    delete_leftovers(course)
    set_attributes(course)
    settle_nics(course)
    settle_addresses(course)
    announce_where_ports_changed(course)
    set_resolver(course)
    return tuple(course.steps)


class Course:
    """The steps so far, and the state that they will have made."""

    def __init__(self, actual: KernelState, wanted: KernelState) -> None:
        self.actual, self.wanted = actual, wanted
        self.state = actual
        self.steps: list[Step] = []

    def do(self, *steps: Step) -> None:
        """Take steps, one by one."""
        for step in steps:
            self.state = apply(step, self.state)
            self.steps.append(step)

    def do_together(self, steps: Iterable[Step]) -> None:
        """Take steps in one go."""
        parts = tuple(steps)
        if parts:
            self.do(parts[0] if len(parts) == 1 else Together(parts))


def delete_misfits(course: Course) -> None:
    """A device of ours that can't become what is wanted (another kind, another bond mode) is made anew."""
    for name, want in course.wanted.links.items():
        link = course.state.links.get(name)
        if want.owned and link is not None and _misfit(link, want):
            course.do(DeleteLinks((name,)))


def _misfit(link: Link, want: Link) -> bool:
    if isinstance(link.options, BondOptions) and isinstance(want.options, BondOptions):
        return link.options.mode != want.options.mode
    return link.kind != want.kind


def create_devices(course: Course) -> None:
    """Bridges, then the bonds in them: with their MAC, MTU and mark, up, and still without NICs."""
    missing = [link for name, link in course.wanted.links.items() if name not in course.state.links]
    for kind in ("bridge", "bond"):
        for link in missing:
            if link.kind == kind and link.owned:
                course.do(CreateLink(replace(link, active_slave="", carrier=False)))


def set_attributes(course: Course) -> None:
    """Devices of ours that stay get what they lack.

    Once more after the ports have moved, because a bond whose last port leaves loses its MAC.
    """
    for name, want in course.wanted.links.items():
        if want.owned and course.state.links[name] != want:
            course.do_together(attribute_steps(course.state.links[name], want))


def wake_nics(course: Course) -> None:
    """NICs that stay where they are and are to be up come up before addresses and routes need them."""
    for name, want in sorted(course.wanted.links.items()):
        link = course.state.links.get(name)
        asleep = link is not None and want.up and not link.up and link.master == want.master
        if link is not None and asleep and not want.owned:
            course.do_together(nic_steps(link, want))


def move_early_ports(course: Course) -> list[str]:
    """Move the ports that can go before the addresses do; gives back those that can't.

    A port can go when nothing with an address hangs on it, when another port with carrier stays behind
    until the addresses have moved, or when it has the address itself and slips into a bridge while up.
    """
    late = _keepers(course)
    for name in _moving(course):
        if name not in late:
            _pass_on_activity(course, name, late)
            course.do_together(port_steps(course.state.links[name], course.wanted))
    return late


def _moving(course: Course) -> list[str]:
    """The NICs whose master is to change, in the order of their names."""
    links = course.state.links
    names = [n for n, want in course.wanted.links.items() if n in links and not want.owned]
    return sorted(n for n in names if links[n].master != course.wanted.links[n].master)


def _keepers(course: Course) -> list[str]:
    """One port for each place with addresses that all its ports will leave: the last to go.

    Preferred is one with carrier, then one that is not needed at the addresses' new home.
    """
    state = course.state
    moving = _moving(course)
    keepers = []
    for top in sorted({state.top(name) for name in moving}):
        leaving = [name for name in moving if state.top(name) == top]
        staying = [link for link in _uplinks(state, top) if link.name not in leaving and link.carrier]
        if not state.addresses_of(top) or staying or _slips_in(course, top):
            continue
        homes = {home for _, home in _moves(course, top)}
        keepers.append(max(leaving, key=lambda name: _fitness(course, name, homes)))
    return keepers


def _fitness(course: Course, name: str, homes: set[str]) -> tuple[bool, bool, str]:
    goes_home = course.wanted.top(name) in homes
    return course.state.links[name].carrier, not goes_home, name


def _slips_in(course: Course, name: str) -> bool:
    """A NIC with addresses of its own that becomes a port of a bridge stays up and reachable meanwhile."""
    want = course.wanted.links.get(name)
    master = course.wanted.links.get(want.master) if want is not None else None
    return master is not None and master.kind == "bridge"


def _uplinks(state: KernelState, top: str) -> list[Link]:
    """The NICs under a top-level device."""
    return [link for link in state.links.values() if not link.owned and state.top(link.name) == top]


def _moves(course: Course, source: str) -> list[tuple[Address, str]]:
    """The addresses that leave a link, each with the link of pifd's where it will be."""
    links, known = course.wanted.links, course.actual.addresses
    then = {a.interface: a.link for a in course.wanted.addresses if links[a.link].owned or a not in known}
    return [
        (address, then[address.interface])
        for address in course.state.addresses_of(source)
        if address not in course.wanted.addresses and address.interface in then
    ]


def _pass_on_activity(course: Course, name: str, late: list[str]) -> None:
    """Before the active slave leaves a bond that still carries traffic, the one that stays takes over."""
    bond = course.state.links.get(course.state.links[name].master)
    if bond is None or bond.kind != "bond" or bond.active_slave != name:
        return
    others = [port.name for port in course.state.ports(bond.name) if port.name != name and port.up]
    heir = next((other for other in others if other in late), None)
    if heir is not None:
        _take_frames_on_all_slaves(course, bond)
        course.do_together(
            [SetActiveSlave(bond.name, heir), announcement(course.state, course.state.top(bond.name))]
        )


def _take_frames_on_all_slaves(course: Course, bond: Link) -> None:
    """Until the switch has learnt where the host is now, it sends to the slave that was active."""
    if isinstance(bond.options, BondOptions):
        course.do(SetOptions(bond.name, replace(bond.options, all_slaves_active=True)))


def move_addresses(course: Course, late: list[str]) -> None:
    """Addresses and routes move in one go, then the ports that were kept for them.

    A bridge that the addresses leave for good is cut off in the same send.  It has the MAC that its
    successor has: one multicast report of its own, as IPv6 sends when an address goes, would draw the
    switch's traffic back to a port that is about to go down.  What still arrives there is taken all the same.

    Where a new home has no port yet, the kept port goes in the same send: there is no other way to have the
    addresses away for a shorter time.  It goes first, for it may be the new home itself, and take routes only
    when it is up.
    """
    moves = [(a.link, home) for link in sorted(course.state.links) for a, home in _moves(course, link)]
    homes = sorted({home for _, home in moves})
    bare = [home for home in homes if not _uplinks(course.state, home)]
    course.do(*(AwaitCarrier(home) for home in homes if home not in bare))
    course.do(*(CopyNeighbours(*pair) for pair in sorted(set(moves))))
    if bare:
        first = _late_steps(course, late)
        course.do_together([*first, *address_steps(apply_all(first, course.state), course.wanted)])
        course.do(*(AwaitCarrier(home) for home in bare))
    else:
        steps = address_steps(course.state, course.wanted)
        course.do_together([*steps, *_cutting_steps(course, {link for link, _ in moves})])
    course.do(*(announcement(course.state, home) for home in homes))
    if not bare:
        course.do_together(_late_steps(course, late))


def _cutting_steps(course: Course, left: Iterable[str]) -> list[Step]:
    """Take the ports out of the bridges of ours that were left and are not wanted any more."""
    gone = [
        name for name in sorted(left) if course.state.links[name].owned and name not in course.wanted.links
    ]
    return [SetMaster(port.name, "") for name in gone for port in course.state.ports(name)]


def _late_steps(course: Course, late: list[str]) -> list[Step]:
    return [step for name in late for step in port_steps(course.state.links[name], course.wanted)]


def delete_leftovers(course: Course) -> None:
    """Devices of ours that are no longer wanted, in one message."""
    names = tuple(
        name
        for name, link in sorted(course.state.links.items())
        if link.owned and name not in course.wanted.links
    )
    if names:
        course.do(DeleteLinks(names))


def settle_nics(course: Course) -> None:
    """NICs that stay where they are get the MTU, MAC and state that they should have."""
    for name, want in sorted(course.wanted.links.items()):
        link = course.state.links.get(name)
        if link is not None and not want.owned and link != want:
            course.do_together(nic_steps(link, want))


def settle_addresses(course: Course) -> None:
    """What was lost on the way, as routes go with the last address, is put back."""
    course.do_together(address_steps(course.state, course.wanted))


def announce_where_ports_changed(course: Course) -> None:
    """A switch that remembers an address at a port that is now a silent backup would send into the void.

    It forgets by itself only when the port is seen down, and a short bounce goes unseen.
    """
    before, after = course.actual.links, course.state.links
    changed = [
        name for name in sorted(before.keys() & after.keys()) if before[name].master != after[name].master
    ]
    places = {course.state.top(place) for name in changed for place in (name, before[name].master)}
    course.do(*(announcement(course.state, top) for top in sorted(places) if course.state.addresses_of(top)))


def set_resolver(course: Course) -> None:
    """Name servers last: they are of no use before there is a way to them."""
    if course.state.resolver != course.wanted.resolver:
        course.do(SetResolver(course.wanted.resolver or ""))
