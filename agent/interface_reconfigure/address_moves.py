"""The one moment: what is on the devices that will go changes over to those that take their place.

Everything else is ready by then, and has carrier (see plan.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.interface_reconfigure.address_steps import address_steps
from agent.interface_reconfigure.announcing import announcements, told_at_once
from agent.interface_reconfigure.learning import with_learning
from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.link_steps import port_steps
from agent.interface_reconfigure.nic_moves import moves_by_link
from agent.interface_reconfigure.planner import Planner
from agent.interface_reconfigure.vlan_changeover import (
    changeover,
    flat_groups,
    make_vlans,
    old_vlans_on,
    waiting_vlans,
)
from agent.kernel.simulate import apply_all
from agent.kernel.state import KernelState
from agent.kernel.steps import (
    AddAddress,
    AwaitAddresses,
    AwaitCarrier,
    CarrySettings,
    CopyNeighbours,
    SetMaster,
    Step,
)


def move_addresses(planner: Planner, late: list[str]) -> None:
    """Addresses, routes, VLANs and VIFs change over in one go, then the NICs go that were kept for them.

    IPv6 addresses are added ahead of the rest: the kernel takes a moment to answer to a new one, and must not
    be told to give the old one up before.

    A bridge that the addresses leave for good is cut off in the same send.  It has the MAC that its
    successor has: one multicast report of its own, as IPv6 sends when an address goes, would draw the
    switch's traffic back to a port that is about to go down.  What still arrives there is taken all the same.

    Where a new home has no port yet, the kept NIC goes in the same send: there is no other way to have the
    addresses away for a shorter time.  It goes first, for it may be the new home itself, and take routes only
    when it is up.
    """
    moves = [(address.link, home) for pairs in moves_by_link(planner).values() for address, home in pairs]
    waiting = waiting_vlans(planner)
    bearing = {address.link for address in planner.state.addresses} if waiting else set[str]()
    homes = {home for _, home in moves}
    places = homes | (waiting.keys() & bearing) | set(_guests_homes(planner))
    now = LinkLayers(planner.state)
    served = {name for name in places | waiting.keys() if _uplinks(planner, now, name, waiting) - {*late}}
    bare = sorted(places - served)
    ready = sorted(places - {*bare} | {name for name in waiting if waiting[name] in planner.state.links})
    planner.do(*(AwaitCarrier(name) for name in _awaited(planner, served, waiting)))
    along = {*moves, *_new_places(planner, moves)}
    planner.do(*(CarrySettings(*pair) for pair in sorted(along)))
    planner.do(*(CopyNeighbours(*pair) for pair in sorted(along | {*_last_places(planner, moves)})))
    _prepare_addresses(planner, homes)
    left = {link for link, _ in moves}
    if bare:
        planner.do_together(_change_over(planner, left, homes, _late_first(planner, late)))
        planner.do(*(AwaitCarrier(name) for name in _awaited(planner, bare, waiting)))
        planner.do(*announcements(planner.state, planner.wanted, sorted({*bare, *ready})))
    else:
        planner.do_together(_change_over(planner, left, homes))
        planner.do_together(_late_steps(planner, late))


def _change_over(
    planner: Planner, left: set[str], homes: set[str], first: Sequence[Step] | None = None
) -> list[Step]:
    """The one send.  first: the kept NICs, where they go in it; then what moved is told of when they have
    carrier, and otherwise at once."""
    start = apply_all(first or (), planner.state)
    groups = changeover(planner, start)
    at_once = first is None
    change = [*(told_at_once(groups, start, planner.wanted, later=homes) if at_once else flat_groups(groups))]
    state = apply_all(change, start)
    rest = [*address_steps(state, planner.wanted), *_cutting_steps(planner, state, left)]
    told = announcements(apply_all(rest, state), planner.wanted, sorted(homes)) if at_once else ()
    return with_learning(planner, [*(first or ()), *change, *rest, *told])


def _guests_homes(planner: Planner) -> Iterator[str]:
    """The bridges on NICs that VIFs will move to."""
    for want in planner.unlike():
        link = planner.state.links.get(want.name)
        moves = link is not None and want.name in planner.guests and link.master != want.master
        if moves and want.master in planner.state.links and planner.then.below(want.master) & planner.nics:
            yield want.master


def _prepare_addresses(planner: Planner, homes: Iterable[str]) -> None:
    """The IPv6 addresses that move to other devices of pifd's are there before they leave the old ones."""
    here = {name for name in homes if name in planner.state.links and planner.state.links[name].owned}
    new = sorted(a for a in planner.wanted.addresses - planner.state.addresses if a.version == 6)
    coming = [address for address in new if address.link in here]
    planner.do_together(AddAddress(address) for address in coming)
    for name in sorted({address.link for address in coming}):
        planner.do(AwaitAddresses(name, tuple(a.interface for a in coming if a.link == name)))


def _new_places(planner: Planner, moves: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The NICs that have no addresses, each with the new bridge that frames will come in by instead."""
    homes = {home for _, home in moves}
    for name in sorted(planner.nics & planner.actual.links.keys()):
        home = planner.wanted.links[name].master
        if home and home not in planner.actual.links and home not in homes and _is_bridge(planner, home):
            yield name, home


def _last_places(planner: Planner, moves: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The bridges on NICs that go and had no addresses, each with what its NIC's frames come in by then:
    the bond's bridge, or the NIC itself."""
    bearing, links = {link for link, _ in moves}, planner.actual.links
    for name in planner.unwanted():
        if name in links and links[name].kind == "bridge" and name not in bearing:
            ports = [port for port in planner.actual.ports(name) if port.name in planner.nics]
            yield from ((name, planner.wanted.top(port.name)) for port in ports[:1])


def _is_bridge(planner: Planner, name: str) -> bool:
    return planner.wanted.links[name].kind == "bridge"


def _awaited(planner: Planner, homes: Iterable[str], waiting: Mapping[str, str]) -> list[str]:
    """The devices whose carrier the homes need, each once: of VLANs the one below, which they share."""
    links = planner.wanted.links
    below = {links[waiting[home]].lower for home in homes if home in waiting}
    plain = {home for home in homes if home not in waiting}
    return sorted(plain | {name for name in below if links[name].master not in plain})


def _uplinks(planner: Planner, now: LinkLayers, home: str, waiting: Mapping[str, str]) -> frozenset[str]:
    """The NICs that a home has and will have, or will have from the moment when it changes over."""
    there = now.below(waiting.get(home, home)) | now.below(home)
    return there & planner.then.below(home) & planner.nics


def _cutting_steps(planner: Planner, state: KernelState, left: Iterable[str]) -> list[Step]:
    """Take the ports out of the bridges of ours that were left and are not wanted any more."""
    gone = [
        name for name in sorted(left) if planner.state.links[name].owned and name not in planner.wanted.links
    ]
    return [
        SetMaster(port.name, "")
        for name in gone
        for port in state.ports(name)
        if port.name not in planner.guests
    ]


def _late_first(planner: Planner, late: list[str]) -> list[Step]:
    """The NICs that were kept, and the VLANs that had to wait for them."""
    ahead = Planner(planner.state, planner.wanted)
    ahead.do(*_late_steps(planner, late))
    make_vlans(ahead, [])
    return ahead.steps


def _late_steps(planner: Planner, late: list[str]) -> list[Step]:
    steps: list[Step] = []
    for name in late:
        steps += [*old_vlans_on(planner, name), *port_steps(planner.state.links[name], planner.wanted)]
    return steps
