"""Picture: what has been told of the kernel, by interface index, as a KernelState by name.

What did not change is the same object in the next state, so that a change costs what it changes.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace

from agent.kernel.link import changed_fields
from agent.kernel.state import KernelState, Link, Route, altered
from agent.netlink.messages.decode_address import AddressEntry, subnets_of
from agent.netlink.messages.decode_link import LinkEntry, with_port
from agent.netlink.messages.decode_route import RouteEntry
from agent.netlink.picture.address_table import AddressTable
from agent.netlink.picture.device import Device, Identity, is_another, link_state, whose
from agent.netlink.picture.route_table import RouteTable

GRO = Callable[[Link], bool | None]
"""Whether a link puts received packets together; None of what has no such thing."""


class Picture:
    """gro: asked of each link of which something was told."""

    def __init__(self, gro: GRO) -> None:
        self._gro = gro
        self._devices: dict[int, Device] = {}
        self._index: dict[str, int] = {}
        self._floods: dict[int, set[str]] = {}
        self.addresses = AddressTable()
        self.routes = RouteTable()
        self.down: dict[int, None] = {}
        self._bonds: set[int] = set()
        self._referring: dict[int, set[int]] = {}
        self._next_serial = 0
        self._identities: dict[str, Identity] = {}
        self._misnamed: set[str] = set()
        """The names that may be another device's than when the identities were put together last."""
        self._state = KernelState()
        self._changed_names: set[str] = set()
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
        return self._shown_link(self._index.get(name, 0))

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
            self.addresses.changed.add(index)
        for index in stale & self._devices.keys():
            self._show(index)

    def drop_link(self, index: int) -> None:
        """A link has gone, and what was on it."""
        device = self._devices.pop(index, None)
        self._floods.pop(index, None)
        self.addresses.forget(index)
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
            self.put_links({index: with_port(device.entry, message)})

    def put_flood(self, index: int, host: str, *, is_there: bool) -> None:
        """A vxlan floods to a host, or no longer."""
        hosts = self._floods.setdefault(index, set())
        (hosts.add if is_there else hosts.discard)(host)
        if index in self._devices:
            self._show(index)

    def put_address(self, entry: AddressEntry) -> None:
        if self.addresses.put(entry):
            self.note_change(entry.index)

    def drop_address(self, entry: AddressEntry) -> bool:
        """Whether it was there."""
        self.note_change(entry.index)
        return self.addresses.drop(entry)

    def fill_addresses(self, addresses: Iterable[AddressEntry]) -> None:
        """All that there are, in place of what was known."""
        self.addresses.forget()
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
        routes = self.routes.show(self._routes_of)
        next_hops = self.routes.shown_next_hops(self.name_of)
        if links or addresses or routes or next_hops != self._state.next_hops:
            self._state = replace(
                self._state,
                links=self._table(links),
                addresses=frozenset(self.addresses.every) if addresses else self._state.addresses,
                routes=frozenset(self.routes.every) if routes else self._state.routes,
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
        if device is None or is_another(device.entry.link, entry.link):
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
        if link_state(before) != link_state(entry):
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
            if whose(shown) != whose(device.shown):
                self.addresses.changed.add(index)
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
        changed = self.addresses.show(self._shown_link)
        for index in changed:
            self.routes.changed.update(self.routes.kernels_over(index))
        return bool(changed)

    def _shown_link(self, index: int) -> Link | None:
        device = self._devices.get(index)
        return device.shown if device is not None else None

    def _routes_of(self, entry: RouteEntry) -> Iterable[Route]:
        """Those that a message tells of, but for the ones that come and go with an address."""
        for route in entry.named(self.name_of):
            if not (entry.is_kernels and not route.gateway and route.destination in self._subnets(entry)):
                yield route

    def _subnets(self, entry: RouteEntry) -> set[str]:
        """Those of the addresses on a route's link."""
        addresses = self.addresses.shown_on(entry.hops[0])
        return {subnet for address in addresses for subnet in subnets_of(address)}
