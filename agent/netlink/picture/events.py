"""What the kernel tells, taken into the picture as it comes."""

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from agent.netlink.messages.decode_address import AddressEntry, address_entry
from agent.netlink.messages.decode_link import IFF_MASTER, IFF_SLAVE, IFF_UP, flood, link_entry, link_head
from agent.netlink.messages.decode_route import RouteEntry, route_entry
from agent.netlink.messages.message import MALFORMED
from agent.netlink.picture.carrier_log import CarrierLog
from agent.netlink.picture.picture import Picture
from agent.netlink.picture.route_table import RouteTable
from agent.netlink.sockets.monitor import Monitor

log = logging.getLogger("pifd.kernel")

T = TypeVar("T")

RTM_NEWLINK, RTM_DELLINK = 16, 17
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTM_NEWNEXTHOP, RTM_DELNEXTHOP = 104, 105


@dataclass
class Meanwhile:
    """What was told while a dump was under way; None for what has gone."""

    links: dict[int, bytes | None] = field(default_factory=dict)
    addresses: dict[tuple[object, ...], AddressEntry | None] = field(default_factory=dict)
    floods: dict[tuple[int, str], bool] = field(default_factory=dict)
    routes: list[Callable[[RouteTable], None]] = field(default_factory=list)


class Events:
    """monitor: the socket on which the kernel tells of changes.  meanwhile: where those are noted, too, that
    come into a dump.  bond_told: something was told of a bond or its port; next_hops_told: of a next hop
    object.
    """

    def __init__(self, monitor: Monitor, picture: Picture) -> None:
        self._monitor, self._picture = monitor, picture
        self._ports: dict[int, bytes] = {}
        self.links: dict[int, bytes] = {}
        """By index the last message of each, which is not in the picture yet."""
        self.meanwhile: Meanwhile | None = None
        self.bond_told = False
        self.next_hops_told = True
        self.carriers = CarrierLog()

    def take(self, most: int | None = None) -> None:
        for kind, flags, message in self._monitor.events(most):
            try:
                self._take_one(kind, flags, message)
            except MALFORMED:
                log.exception("an event of the kernel's can't be understood: %s", message.hex())
        self.settle()

    def settle(self) -> None:
        """A link may have been told of many times: the last one counts."""
        links, self.links = self.links, {}
        if links:
            self._picture.put_links({entry.index: entry for entry in understood(link_entry, links.values())})
        ports, self._ports = self._ports, {}
        for index, message in ports.items():
            self._picture.put_port(index, message)

    def _take_one(self, kind: int, flags: int, message: bytes) -> None:
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            self._take_link(message, is_there=kind == RTM_NEWLINK)
        elif kind in (RTM_NEWADDR, RTM_DELADDR):
            self._take_address(address_entry(message), is_there=kind == RTM_NEWADDR)
        elif kind in (RTM_NEWROUTE, RTM_DELROUTE):
            self._take_route(route_entry(message), flags, is_there=kind == RTM_NEWROUTE)
        elif kind in (RTM_NEWNEIGH, RTM_DELNEIGH):
            self._take_flood(flood(message), is_there=kind == RTM_NEWNEIGH)
        elif kind in (RTM_NEWNEXTHOP, RTM_DELNEXTHOP):
            self.next_hops_told = True
            self._picture.routes.all_doubtful = True  # what it does to routes is told to nobody

    def _take_link(self, message: bytes, *, is_there: bool) -> None:
        """Another family's is not about the link: a bridge's DELLINK says that a port has left it."""
        family, index, flags = link_head(message)
        if family == socket.AF_BRIDGE and is_there:
            self._ports[index] = message
        if family != socket.AF_UNSPEC:
            return
        self.bond_told = self.bond_told or bool(flags & (IFF_MASTER | IFF_SLAVE))
        self._ports.pop(index, None)
        if not (is_there and flags & IFF_UP):
            self._change_routes(lambda routes: routes.link_lost(index))
        if self.meanwhile is not None:
            self.meanwhile.links[index] = message if is_there else None
        if is_there:
            self.links[index] = message
            self.follow_carrier(message)
        else:
            self.links.pop(index, None)
            self.carriers.forget(index)
            self._picture.drop_link(index)

    def follow_carrier(self, message: bytes) -> None:
        """Of a link that was told of many times, each one counts here."""
        if name := self.carriers.hear(message):
            self._picture.note_news(name)

    def _take_address(self, entry: AddressEntry, *, is_there: bool) -> None:
        if self.meanwhile is not None:
            self.meanwhile.addresses[entry.key] = entry if is_there else None
        if is_there:
            self._picture.put_address(entry)
        elif self._picture.drop_address(entry) and entry.family == socket.AF_INET:
            left = any(other.family == socket.AF_INET for other in self._picture.addresses.of(entry.index))
            self._change_routes(
                lambda routes: routes.address_lost(entry.local, entry.index, is_last=not left)
            )

    def _take_route(self, entry: RouteEntry | None, flags: int, *, is_there: bool) -> None:
        if entry is not None:
            for index, *_ in entry.way:
                self._picture.note_change(index)
            self._change_routes(
                (lambda routes: routes.added(entry, flags))
                if is_there
                else lambda routes: routes.removed(entry)
            )

    def _take_flood(self, entry: tuple[int, str] | None, *, is_there: bool) -> None:
        if entry is None:
            return
        if self.meanwhile is not None:
            self.meanwhile.floods[entry] = is_there
        self._picture.put_flood(*entry, is_there=is_there)

    def _change_routes(self, change: Callable[[RouteTable], None]) -> None:
        if self.meanwhile is not None:
            self.meanwhile.routes.append(change)
        change(self._picture.routes)


def understood(read: Callable[[bytes], T], messages: Iterable[bytes]) -> Iterator[T]:
    """What messages say.  One that can't be understood does not hold up the others."""
    for message in messages:
        try:
            yield read(message)
        except MALFORMED:
            log.exception("a message of the kernel's can't be understood: %s", message.hex())
