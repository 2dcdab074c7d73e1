"""Which NICs change their bridge or bond, which of them can go at once, and which have to stay for last."""

from collections.abc import Mapping

from agent.interface_reconfigure.link_layers import LinkLayers
from agent.interface_reconfigure.planner import Planner
from agent.kernel.state import Address, Link, Route


def present_nics(planner: Planner) -> list[str]:
    """The NICs that are there, in the order of their names."""
    return sorted(name for name in planner.nics if name in planner.state.links)


def moving_nics(planner: Planner) -> list[str]:
    """The NICs whose master is to change, in the order of their names."""
    links, then = planner.state.links, planner.wanted.links
    return [name for name in present_nics(planner) if links[name].master != then[name].master]


def keepers(planner: Planner) -> list[str]:
    """The NICs that go last: one for each place with addresses that all its NICs will leave.

    A place that the host is managed by counts first.  Its addresses need a NIC at their new home before they
    move: if every one of those were kept for some other place, that one would have to do without.  VMs and
    VLANs can do with another NIC that is kept already (shelter.py).
    """
    if not moving_nics(planner):
        return []
    scene = Scene(planner)
    kept: list[str] = []
    for place in scene.places:
        leaving = scene.leaving(place)
        is_left = leaving and not scene.holds(place) and not set(leaving) & set(kept)
        if is_left and not scene.is_sheltered(place, kept):
            kept.append(max(leaving, key=lambda name: scene.fitness(name, place)))
    for place in scene.places:
        if scene.is_vital(place):
            kept = _with_a_way_home(scene, place, kept)
    return kept


def _with_a_way_home(scene: "Scene", place: str, kept: list[str]) -> list[str]:
    for home in scene.homes(place):
        there = scene.nics_then(home)
        ready = [name for name in there if name not in kept and scene.will_serve(name)]
        spare = [name for name in kept if name in there and not scene.serves_vital(name)]
        if not ready and spare:
            kept = [name for name in kept if name != spare[-1]]
    return kept


class Scene:
    """The places with addresses above the NICs that will move, and what becomes of them."""

    def __init__(self, planner: Planner) -> None:
        self._course, self._links = planner, planner.state.links
        self._now = LinkLayers(planner.state)
        self._moving = frozenset(moving_nics(planner))
        self._moves = moves_by_link(planner)
        bearing = {address.link for address in planner.state.addresses}
        bearing |= {route.link for route in planner.state.routes}
        guests = {name: planner.state.links[name].master for name in planner.guests & self._links.keys()}
        self._new_homes = {
            place: {planner.wanted.links[name].master for name, master in guests.items() if master == place}
            for place in {*guests.values()} - {""}
        }
        self._bearing = bearing
        above = {place for nic in self._moving for place in self._now.above(nic)}
        served = (bearing | self._new_homes.keys()) & above
        self.places = sorted(
            served, key=lambda place: (not self.is_vital(place), place not in bearing, place)
        )

    def is_vital(self, place: str) -> bool:
        """Whether the host is managed by an address of this place."""
        vital = self._course.vital
        return any(a.interface in vital for a in self._course.state.addresses_of(place))

    def serves_vital(self, nic: str) -> bool:
        """Whether a place above the NIC is vital."""
        return any(self.is_vital(place) for place in self._now.above(nic))

    def leaving(self, place: str) -> list[str]:
        """The NICs that will no longer serve the place without a break."""
        below = self._now.below(place) & self._moving
        return sorted(name for name in below if not self._stays_under(name, place))

    def holds(self, place: str) -> bool:
        """Whether a NIC with carrier stays, or the place is a NIC that slips into a bridge while it is up."""
        staying = self._now.below(place) & self._course.nics - {*self.leaving(place)}
        return any(self._links[name].carrier for name in staying) or self._slips_in(place)

    def homes(self, place: str) -> list[str]:
        """Where the place's addresses and VMs will be: elsewhere, or here on other NICs."""
        guests = self._new_homes.get(place, set()) & self._course.wanted.links.keys()
        return sorted({home for _, home in self._moves.get(place, ())} | guests) or [place]

    def is_sheltered(self, place: str, kept: list[str]) -> bool:
        """Whether a NIC that is kept already can serve it meanwhile: VMs alone, or a VLAN."""
        below = [self._links[name] for name in self._now.directly_below(place)]
        can_move = place not in self._bearing or any(link.kind == "vlan" for link in below)
        return can_move and all(set(self.nics_then(home)) & set(kept) for home in self.homes(place))

    def nics_then(self, home: str) -> list[str]:
        """The NICs that a home will stand on."""
        return sorted(self._course.then.below(home) & self._course.nics & self._links.keys())

    def will_serve(self, nic: str) -> bool:
        """Whether a NIC that is not kept can carry what comes to its new place."""
        return nic in self._moving or self._links[nic].carrier

    def fitness(self, name: str, place: str) -> tuple[bool, bool, str]:
        """How well a NIC serves until the end: with carrier, and not needed at the addresses' new home."""
        goes_home = any(name in self.nics_then(home) for home in self.homes(place))
        return self._links[name].carrier, not goes_home, name

    def _stays_under(self, nic: str, place: str) -> bool:
        """A NIC that changes bridges while it is up takes no notice of the VLANs on top of it."""
        want = self._course.wanted.links[nic]
        kinds = {_kind(self._links, self._links[nic].master), _kind(self._course.wanted.links, want.master)}
        if not want.up or not self._links[nic].up or "bond" in kinds:
            return False
        stays = (
            link.master == place and self._course.wanted.links.get(link.name) == link
            for link in self._course.state.uppers(nic)
        )
        return any(stays)

    def _slips_in(self, name: str) -> bool:
        want = self._course.wanted.links.get(name)
        master = self._course.wanted.links.get(want.master) if want is not None else None
        return master is not None and master.kind == "bridge"


def _kind(links: Mapping[str, Link], name: str) -> str:
    return links[name].kind if name in links else ""


def moves_by_link(planner: Planner) -> Mapping[str, list[tuple[Address | Route, str]]]:
    """The addresses and routes that leave each link, with the link of pifd's where they will be."""
    state, wanted = planner.state, planner.wanted
    gone: list[Address | Route] = [
        *sorted(state.addresses - wanted.addresses),
        *sorted(state.routes - wanted.routes),
    ]
    if not gone:
        return {}
    new: list[Address | Route] = [
        *(a for a in wanted.addresses if a not in planner.actual.addresses or wanted.links[a.link].owned),
        *(r for r in wanted.routes if r not in planner.actual.routes),
    ]
    then = {_what(one): one.link for one in sorted(new, key=lambda one: (one.link, repr(_what(one))))}
    found: dict[str, list[tuple[Address | Route, str]]] = {}
    for one in gone:
        if then.get(_what(one), one.link) != one.link:
            found.setdefault(one.link, []).append((one, then[_what(one)]))
    return found


def _what(found: Address | Route) -> object:
    """What moves, whatever link it is on."""
    return found.interface if isinstance(found, Address) else found.way
