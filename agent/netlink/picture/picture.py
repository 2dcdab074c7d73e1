"""Picture: what has been told of the kernel, by interface index, as a KernelState by name.

What did not change is the same object in the next state, so that a change costs what it changes.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace

from agent.kernel.link import changed_fields
from agent.kernel.live import LinkChange
from agent.kernel.state import Address, KernelState, Link, NextHop, Route, altered
from agent.netlink.messages import decode
from agent.netlink.messages.decode import AddressEntry, LinkEntry, RouteEntry
from agent.netlink.picture.route_table import Key, RouteTable

GRO = Callable[[Link], bool | None]
"""Whether a link puts received packets together; None of what has no such thing."""

AddressKey = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which device it is.  An index can be given again: the serial number tells the devices apart."""

    index: int
    serial: int


@dataclass(frozen=True, slots=True)
class News:
    """links: the names of those that came, went, got or lost carrier, also in the eyes of their bond.  bonds:
    those of which something was told, which may have another active slave.  changed: the links that are
    otherwise than they were, or have other addresses or routes; carrier does not count.  carriers: each time
    that a bond's port got or lost carrier."""

    links: frozenset[str] = frozenset()
    bonds: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    carriers: tuple[LinkChange, ...] = ()


@dataclass(slots=True)
class Device:
    """A link as it was told of, and as it is in the state."""

    entry: LinkEntry
    serial: int
    shown: Link


class Picture:
    """gro: asked of each link of which something was told."""

    def __init__(self, gro: GRO) -> None:
        self._gro = gro
        self._devices: dict[int, Device] = {}
        self._index: dict[str, int] = {}
        self._floods: dict[int, set[str]] = {}
        self._addresses: dict[int, dict[AddressKey, AddressEntry]] = {}
        self.routes = RouteTable()
        self.next_hops: Mapping[int, int] = {}
        """The index of the link of each next hop object, by its number."""
        self.down: dict[int, None] = {}
        self._bonds: set[int] = set()
        self._referring: dict[int, set[int]] = {}
        self._next_serial = 0
        self._identities: dict[str, Identity] = {}
        self._misnamed: set[str] = set()
        """The names that may be another device's than when the identities were put together last."""
        self._state = KernelState()
        self._changed_names: set[str] = set()
        self._changed_addresses: set[int] = set()
        self._shown_addresses: dict[int, frozenset[Address]] = {}
        self._every_address: set[Address] = set()
        self._shown_routes: dict[Key, tuple[Route, ...]] = {}
        self._every_route: dict[Route, int] = {}
        self._news: set[str] = set()
        self._changed: set[str] = set()

    # What there is.

    @property
    def indices(self) -> Set[int]:
        """Those of all links."""
        return self._devices.keys()

    def name_of(self, index: int) -> str:
        """Empty where no link has the index."""
        device = self._devices.get(index)
        return device.shown.name if device is not None else ""

    def link(self, name: str) -> Link | None:
        """The link that has the name now."""
        device = self._devices.get(self._index.get(name, 0))
        return device.shown if device is not None else None

    def identity(self, name: str) -> Identity | None:
        """Which device has the name now."""
        index = self._index.get(name, 0)
        device = self._devices.get(index)
        return Identity(index, device.serial) if device is not None else None

    def has(self, identity: Identity) -> bool:
        """Whether a device is still there, under whichever name."""
        device = self._devices.get(identity.index)
        return device is not None and device.serial == identity.serial

    def identities(self) -> Mapping[str, Identity]:
        """Which device has which name, at this moment."""
        if self._misnamed:
            known = dict(self._identities)
            for name in self._misnamed:
                identity = self.identity(name)
                if identity is None:
                    known.pop(name, None)
                else:
                    known[name] = identity
            self._identities, self._misnamed = known, set()
        return self._identities

    # What is told.

    def put_links(self, links: Mapping[int, LinkEntry]) -> None:
        """Links that came or changed, together: two may have exchanged their names."""
        renamed: list[int] = []
        for index, entry in links.items():
            if self._put(index, entry) or self._index.get(entry.link.name) != index:
                renamed.append(index)
        for index in renamed:
            name = self._devices[index].entry.link.name
            self._index[name] = index
            self._misnamed.add(name)
        stale = set(links)
        for index in renamed:
            stale |= self._referring.get(index, set())
            self.routes.changed.update(self.routes.over(index))
            self._changed_addresses.add(index)
        for index in stale & self._devices.keys():
            self._show(index)

    def drop_link(self, index: int) -> None:
        """A link has gone, and what was on it."""
        device = self._devices.pop(index, None)
        self._floods.pop(index, None)
        self._addresses.pop(index, None)
        self._changed_addresses.add(index)
        self.down.pop(index, None)
        self._bonds.discard(index)
        if device is None:
            return
        self._refer(index, device.entry, None)
        self._unname(index, device.entry.link.name)
        self._news.add(device.shown.name)
        self._changed.add(device.shown.name)
        self.routes.changed.update(self.routes.over(index))
        for other in self._referring.get(index, set()) & self._devices.keys():
            self._show(other)

    def put_port(self, index: int, message: bytes) -> None:
        """What the bridge tells of a port."""
        device = self._devices.get(index)
        if device is not None:
            self.put_links({index: decode.with_port(device.entry, message)})

    def put_flood(self, index: int, host: str, *, is_there: bool) -> None:
        """A vxlan floods to a host, or no longer."""
        hosts = self._floods.setdefault(index, set())
        (hosts.add if is_there else hosts.discard)(host)
        if index in self._devices:
            self._show(index)

    def put_address(self, entry: AddressEntry) -> None:
        known = self._addresses.setdefault(entry.index, {})
        if entry.key not in known:
            self.note_change(entry.index)
        known[entry.key] = entry
        self._changed_addresses.add(entry.index)

    def drop_address(self, entry: AddressEntry) -> bool:
        """Whether it was there."""
        self.note_change(entry.index)
        self._changed_addresses.add(entry.index)
        return self._addresses.get(entry.index, {}).pop(entry.key, None) is not None

    def addresses_of(self, index: int) -> Iterable[AddressEntry]:
        return self._addresses.get(index, {}).values()

    def fill_addresses(self, addresses: Iterable[AddressEntry]) -> None:
        """All that there are, in place of what was known."""
        self._changed_addresses |= self._addresses.keys()
        self._addresses = {}
        for entry in addresses:
            self.put_address(entry)

    def fill_floods(self, floods: Iterable[tuple[int, str]]) -> None:
        """All that there are, in place of what was known."""
        stale, self._floods = set(self._floods), {}
        for index, host in floods:
            self._floods.setdefault(index, set()).add(host)
        for index in (stale | self._floods.keys()) & self._devices.keys():
            self._show(index)

    # What is shown.

    def state(self) -> KernelState:
        """The kernel, without what netlink does not tell."""
        links = self._links()
        addresses = self._shown_on_links()
        routes = self._shown_in_tables()
        over = ((self.name_of(index), number) for number, index in self.next_hops.items())
        next_hops = frozenset(NextHop(name, number) for name, number in over if name)
        if links or addresses or routes or next_hops != self._state.next_hops:
            self._state = replace(
                self._state,
                links=self._table(links),
                addresses=frozenset(self._every_address) if addresses else self._state.addresses,
                routes=frozenset(self._every_route) if routes else self._state.routes,
                next_hops=next_hops,
            )
        return self._state

    def news(self) -> frozenset[str]:
        """The names of the links that came, went, got or lost carrier; asked again, there are none."""
        news, self._news = frozenset(self._news), set()
        return news

    def changed(self) -> frozenset[str]:
        """The names of the links that changed, but for their carrier; asked again, there are none."""
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def note_news(self, name: str) -> None:
        """A link got or lost carrier, perhaps more than once, so that it does not show."""
        self._news.add(name)

    def note_change(self, index: int) -> None:
        """An address or a route of a link has come or gone."""
        self._changed.add(self.name_of(index))

    def has_kind(self, kind: str) -> bool:
        """Whether there is a device of a kind."""
        return any(device.entry.link.kind == kind for device in self._devices.values())

    def bonds(self) -> frozenset[str]:
        """The names of the bonds."""
        return frozenset(self._devices[index].shown.name for index in self._bonds)

    def _put(self, index: int, entry: LinkEntry) -> bool:
        """Take a link in; whether its name is news."""
        device = self._devices.get(index)
        before = device.entry if device is not None else None
        if device is None or _is_another(device.entry.link, entry.link):
            self._next_serial += 1
            self._changed.add(entry.link.name)
            self._misnamed.add(entry.link.name)
            device = self._devices[index] = Device(entry, self._next_serial, entry.link)
        device.entry = entry
        (self._bonds.add if entry.is_bond else self._bonds.discard)(index)
        self._refer(index, before, entry)
        if entry.link.up:
            self.down.pop(index, None)
        else:
            self.down[index] = None
        if before is None or before.link.name != entry.link.name:
            if before is not None:
                self._unname(index, before.link.name)
            self._news |= {entry.link.name} | ({before.link.name} if before is not None else set())
            return True
        if _link_state(before) != _link_state(entry):
            self._news.add(entry.link.name)
        return False

    def _refer(self, index: int, before: LinkEntry | None, after: LinkEntry | None) -> None:
        """Keep in mind whose names a link is shown with."""
        for other in before.refers_to if before is not None else ():
            self._referring.get(other, set()).discard(index)
        for other in after.refers_to if after is not None else ():
            self._referring.setdefault(other, set()).add(index)

    def _unname(self, index: int, name: str) -> None:
        if self._index.get(name) == index:
            del self._index[name]
        self._changed_names.add(name)
        self._misnamed.add(name)

    def _show(self, index: int) -> None:
        """See what a link is now."""
        device = self._devices[index]
        shown = device.entry.named(self._name_told)
        gro, flood = self._gro(shown), tuple(sorted(self._floods.get(index, ())))
        if gro is not None or flood:
            shown = altered(shown, gro=gro, flood=flood)
        is_new = device.shown is device.entry.link and shown is not device.shown
        if is_new or changed_fields(shown, device.shown):
            if shown != device.shown:
                self._changed |= {shown.name, device.shown.name}
            if _whose(shown) != _whose(device.shown):
                self._changed_addresses.add(index)
            device.shown = shown
        self._changed_names.add(shown.name)

    def _name_told(self, index: int) -> str:
        """The name as it was told last; in a state that is being put together, it is not shown yet."""
        device = self._devices.get(index)
        return device.entry.link.name if device is not None else ""

    def _links(self) -> dict[str, Link | None]:
        """The links that are others than in the last state; None for a name that none has."""
        names, self._changed_names = self._changed_names, set()
        now = {name: self.link(name) for name in names}
        return {name: link for name, link in now.items() if self._state.links.get(name) is not link}

    def _table(self, changed: Mapping[str, Link | None]) -> Mapping[str, Link]:
        """Where much has changed, one that is made in one go costs less."""
        if len(changed) * 4 > len(self._index):
            return {name: self._devices[index].shown for name, index in self._index.items()}
        table = self._state.table
        for name, link in changed.items():
            table = table.without(name) if link is None else table.with_value(name, link)
        return table

    def _shown_on_links(self) -> bool:
        """Bring the addresses up to date; whether any has changed.  With them, some routes are the kernel's
        own, or are not."""
        stale, self._changed_addresses = self._changed_addresses, set()
        fresh = {index: frozenset(self._addresses_on(index)) for index in stale}
        before = {index: self._shown_addresses.get(index, frozenset()) for index in stale}
        changed = [index for index in stale if _exactly(before[index]) != _exactly(fresh[index])]
        for index in changed:
            self._every_address -= self._shown_addresses.pop(index, frozenset())
        for index in changed:
            self._every_address |= fresh[index]
            if fresh[index]:
                self._shown_addresses[index] = fresh[index]
            self.routes.changed.update(key for key in self.routes.over(index) if self._has_kernels(key))
        return bool(changed)

    def _addresses_on(self, index: int) -> Iterable[Address]:
        device = self._devices.get(index)
        if device is not None:
            every = (entry.on(device.shown) for entry in self.addresses_of(index))
            yield from (address for address in every if address is not None)

    def _has_kernels(self, key: Key) -> bool:
        return any(entry.is_kernels for entry in self.routes.at(key))

    def _shown_in_tables(self) -> bool:
        """Bring the routes up to date; whether any has changed."""
        stale, self.routes.changed = self.routes.changed, set()
        is_changed = False
        for key in stale:
            before = self._shown_routes.pop(key, ())
            now = tuple(route for entry in self.routes.at(key) for route in self._routes_of(entry))
            if now:
                self._shown_routes[key] = now
            if before != now or _leased(before) != _leased(now):
                is_changed = True
                self._count(before, -1)
                self._count(now, 1)
        return is_changed

    def _routes_of(self, entry: RouteEntry) -> Iterable[Route]:
        """Those that a message tells of, but for the ones that come and go with an address."""
        for route in entry.named(self.name_of):
            if not (entry.is_kernels and not route.gateway and route.destination in self._subnets(entry)):
                yield route

    def _subnets(self, entry: RouteEntry) -> set[str]:
        """Those of the addresses on a route's link."""
        addresses = self._shown_addresses.get(entry.hops[0], frozenset())
        return {subnet for address in addresses for subnet in decode.subnets_of(address)}

    def _count(self, routes: Iterable[Route], by: int) -> None:
        """Two that differ in what is not shown are one here."""
        for route in routes:
            count = self._every_route.pop(route, 0) + by
            if count > 0:
                self._every_route[route] = count


def _is_another(before: Link, after: Link) -> bool:
    """Whether an index is another device's now.  Where events were lost, nobody has told that one went."""
    return before.kind != after.kind or (before.name != after.name and before.MAC != after.MAC)


def _link_state(entry: LinkEntry) -> tuple[bool, bool, bool]:
    return entry.link.carrier, entry.link.used, entry.is_bond


def _whose(link: Link) -> tuple[object, ...]:
    """What tells which link-local addresses are the kernel's own."""
    return link.owned, link.MAC, link.original_MAC


def _exactly(addresses: Iterable[Address]) -> set[tuple[object, ...]]:
    """With what is not compared otherwise."""
    return {(a, a.leased, a.lifetimes, a.secondary, a.protocol) for a in addresses}


def _leased(routes: Iterable[Route]) -> list[bool]:
    return [route.leased for route in routes]
