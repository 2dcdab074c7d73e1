"""KernelCache: what the kernel has, read whole once and from then on kept true by its events.

Everything is kept by interface index: a name can be another device's at any moment.  An event beats a dump
that it comes into: events come in the order in which things happened, so the last one of a device is at least
as new as what the dump had of it.

What is told to nobody is looked at again when the state is asked for: links that are down, whose group, alias
and options change without a word (net/core/dev.c, netdev_state_change); and the routes of doubtful tables.
"""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from agent.kernel.live import LinkCount
from agent.kernel.state import KernelState, parsed
from agent.netlink.messages import decode, requests
from agent.netlink.messages.decode import IFF_MASTER, IFF_SLAVE, IFF_UP, AddressEntry, RouteEntry
from agent.netlink.picture.carrier_log import CarrierLog
from agent.netlink.picture.picture import GRO, Identity, News, Picture
from agent.netlink.picture.route_table import RouteTable, Table
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import NetlinkError, Wire

log = logging.getLogger("pifd.kernel")

T = TypeVar("T")

RTM_NEWLINK, RTM_DELLINK = 16, 17
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTM_NEWNEXTHOP, RTM_DELNEXTHOP = 104, 105

ATTEMPTS = 4
"""How often a dump that is interrupted is asked for; then what all of them have brought counts."""
PAUSE = 0.005
"""Seconds before the second attempt; twice as many before each later one."""
MOST_SILENT = 256
"""How many of the links that are down are looked at again."""


@dataclass
class Meanwhile:
    """What was told while a dump was under way; None for what has gone."""

    links: dict[int, bytes | None] = field(default_factory=dict)
    addresses: dict[tuple[object, ...], AddressEntry | None] = field(default_factory=dict)
    floods: dict[tuple[int, str], bool] = field(default_factory=dict)
    routes: list[Callable[[RouteTable], None]] = field(default_factory=list)


class KernelCache:
    """What the network namespace has in which this was made.

    wire: what it is read through.  monitor: what tells of changes.  gro: asked of each link of which
    something was told.  dumps: how many there were.
    """

    def __init__(self, wire: Wire, monitor: Monitor, gro: GRO) -> None:
        self._wire, self._monitor = wire, monitor
        self._picture = Picture(gro)
        self._turn = threading.RLock()
        self._links: dict[int, bytes] = {}
        self._ports: dict[int, bytes] = {}
        self._meanwhile: Meanwhile | None = None
        self._bond_told = False
        self._next_hops_told = True
        self._carriers = CarrierLog()
        self.dumps = 0

    def read(self) -> tuple[KernelState, Mapping[str, Identity]]:
        """The kernel with everything that was acknowledged before, and which device has which name.

        Raises NetlinkError when the kernel can't be read.
        """
        with self._turn:
            if self._monitor.is_paused:
                self._monitor.resume()
            self._take_events()
            if self._monitor.lost:
                self._read_all()
            self._look_at_silent_links()
            self._read_doubtful_routes()
            self._read_next_hops()
            return self._picture.state(), self._picture.identities()

    def catch_up(self, most: int | None = None) -> bool:
        """Take in the events since the last time, of which not much more than `most` bytes; whether that
        has to be done by `read`, which takes its time: something was lost."""
        if not self._turn.acquire(blocking=False):
            return False  # another thread is at it
        try:
            self._take_events(most)
            return self._monitor.lost and not self._monitor.is_paused
        finally:
            self._turn.release()

    def pause(self) -> None:
        """Hear nothing until the next `read`, which reads all again."""
        with self._turn:
            self._monitor.pause()

    @property
    def is_drained(self) -> bool:
        """Whether all events have been taken in."""
        return self._monitor.is_drained

    @property
    def is_paused(self) -> bool:
        """Whether nothing is heard."""
        return self._monitor.is_paused

    @property
    def number_of_links(self) -> int:
        """How many there were at the last look."""
        return len(self._picture.indices)

    def listen(self) -> None:
        """Take in all that was told up to now."""
        with self._turn:
            if self._monitor.is_paused:
                self.read()
            self._take_events()

    def identity(self, name: str) -> Identity | None:
        """Which device had a name at the last look."""
        return self._picture.identity(name)

    def has(self, identity: Identity) -> bool:
        """Whether a device was there at the last look."""
        return self._picture.has(identity)

    def has_index(self, index: int) -> bool:
        """Whether any device had an index at the last look."""
        return bool(self._picture.name_of(index))

    def has_addresses(self, index: int, interfaces: Iterable[str]) -> bool:
        """Whether a device has been told to have all of these addresses."""
        with self._turn:
            self._take_events()
            there = {entry.local for entry in self._picture.addresses_of(index)}
        return there.issuperset(parsed(interface).ip.packed for interface in interfaces)

    def is_up(self, name: str) -> bool:
        """Whether a link had carrier at the last look."""
        link = self._picture.link(name)
        return link is not None and link.carrier

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._picture.link(name) is not None

    def news(self) -> News:
        """What there is to tell; asked a second time, there is none."""
        if not self._turn.acquire(blocking=False):
            return News()
        try:
            entry, self._bond_told = self._bond_told, False
            bonds = self._picture.bonds() if entry else frozenset()
            return News(self._picture.news(), bonds, self._picture.changed(), self._carriers.take())
        finally:
            self._turn.release()

    @property
    def link_counts(self) -> Mapping[str, LinkCount]:
        """How often the carrier of each bond's port has changed."""
        with self._turn:
            return self._carriers.counts

    # Events.

    def _take_events(self, most: int | None = None) -> None:
        for kind, flags, message in self._monitor.events(most):
            try:
                self._take(kind, flags, message)
            except decode.MALFORMED:
                log.exception("an event of the kernel's can't be understood: %s", message.hex())
        self._settle()

    def _settle(self) -> None:
        """A link may have been told of many times: the last one counts."""
        links, self._links = self._links, {}
        if links:
            self._picture.put_links({entry.index: entry for entry in understood(decode.link, links.values())})
        ports, self._ports = self._ports, {}
        for index, message in ports.items():
            self._picture.put_port(index, message)

    def _take(self, kind: int, flags: int, message: bytes) -> None:
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            self._take_link(message, is_there=kind == RTM_NEWLINK)
        elif kind in (RTM_NEWADDR, RTM_DELADDR):
            self._take_address(decode.address(message), is_there=kind == RTM_NEWADDR)
        elif kind in (RTM_NEWROUTE, RTM_DELROUTE):
            self._take_route(decode.route(message), flags, is_there=kind == RTM_NEWROUTE)
        elif kind in (RTM_NEWNEIGH, RTM_DELNEIGH):
            self._take_flood(decode.flood(message), is_there=kind == RTM_NEWNEIGH)
        elif kind in (RTM_NEWNEXTHOP, RTM_DELNEXTHOP):
            self._next_hops_told = True
            self._picture.routes.all_doubtful = True  # what it does to routes is told to nobody

    def _take_link(self, message: bytes, *, is_there: bool) -> None:
        """Another family's is not about the link: a bridge's DELLINK says that a port has left it."""
        family, index, flags = decode.link_head(message)
        if family == socket.AF_BRIDGE and is_there:
            self._ports[index] = message
        if family != socket.AF_UNSPEC:
            return
        self._bond_told = self._bond_told or bool(flags & (IFF_MASTER | IFF_SLAVE))
        self._ports.pop(index, None)
        if not (is_there and flags & IFF_UP):
            self._change_routes(lambda routes: routes.link_lost(index))
        if self._meanwhile is not None:
            self._meanwhile.links[index] = message if is_there else None
        if is_there:
            self._links[index] = message
            self._follow_carrier(message)
        else:
            self._links.pop(index, None)
            self._carriers.forget(index)
            self._picture.drop_link(index)

    def _follow_carrier(self, message: bytes) -> None:
        """Of a link that was told of many times, each one counts here."""
        if name := self._carriers.hear(message):
            self._picture.note_news(name)

    def _take_address(self, entry: AddressEntry, *, is_there: bool) -> None:
        if self._meanwhile is not None:
            self._meanwhile.addresses[entry.key] = entry if is_there else None
        if is_there:
            self._picture.put_address(entry)
        elif self._picture.drop_address(entry) and entry.family == socket.AF_INET:
            left = any(other.family == socket.AF_INET for other in self._picture.addresses_of(entry.index))
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
        if self._meanwhile is not None:
            self._meanwhile.floods[entry] = is_there
        self._picture.put_flood(*entry, is_there=is_there)

    def _change_routes(self, change: Callable[[RouteTable], None]) -> None:
        if self._meanwhile is not None:
            self._meanwhile.routes.append(change)
        change(self._picture.routes)

    # Dumps.

    def _read_all(self) -> None:
        """Everything anew; again when something is lost meanwhile.

        If that does not end, the last one counts until the next time.
        """
        self._next_hops_told = True
        for _ in range(ATTEMPTS):
            self._monitor.lost = False
            self._merge_links(*self._dumped_with_events(requests.link()))
            self._merge_addresses(*self._dumped_with_events(requests.addresses()))
            self._merge_routes(*self._dumped_with_events(requests.routes()))
            if self._picture.has_kind("vxlan"):
                self._merge_floods(*self._dumped_with_events(requests.forwarding_entries()))
            if not self._monitor.lost:
                return
        log.warning("the kernel changes faster than its events can be taken in; it is read again")

    def _dumped_with_events(self, request: bytes) -> tuple[list[bytes], Meanwhile]:
        self._meanwhile = meanwhile = Meanwhile()
        try:
            return self._dumped(request), meanwhile
        finally:
            self._meanwhile = None

    def _dumped(self, request: bytes) -> list[bytes]:
        """What a dump brings.

        An interrupted one may have left something out, and is repeated.  If others change the kernel all the
        time, what several have brought together counts: what has come or gone since the first is told.
        """
        found: list[bytes] = []
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            self.dumps += 1
            try:
                dump = self._wire.dump(request)
            except NetlinkError:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            self._take_events()
            if dump.whole:
                return dump.messages
            found += dump.messages
        return found

    def _merge_links(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found: dict[int, bytes | None] = {decode.link_head(message)[1]: message for message in dumped}
        older = [message for index, message in found.items() if message and index not in meanwhile.links]
        for _ in understood(self._follow_carrier, older):
            pass
        found |= meanwhile.links
        self._carriers.keep(index for index, message in found.items() if message is not None)
        for index in self._picture.indices - found.keys():
            self._picture.drop_link(index)
        self._links = {index: message for index, message in found.items() if message is not None}
        self._settle()

    def _merge_addresses(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found: dict[tuple[object, ...], AddressEntry | None] = {
            entry.key: entry for entry in understood(decode.address, dumped)
        }
        found |= meanwhile.addresses
        self._picture.fill_addresses(entry for entry in found.values() if entry is not None)

    def _merge_floods(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found = {entry: True for entry in understood(decode.flood, dumped) if entry is not None}
        found |= meanwhile.floods
        self._picture.fill_floods(entry for entry, is_there in found.items() if is_there)

    def _merge_routes(
        self, dumped: Iterable[bytes], meanwhile: Meanwhile, table: Table | None = None
    ) -> None:
        """A dump of one table brings that of others too, where the kernel is too old to tell them apart."""
        found = (entry for entry in understood(decode.route, dumped) if entry is not None)
        self._picture.routes.fill(
            (entry for entry in found if table is None or entry.key[:2] == table), table
        )
        for change in meanwhile.routes:
            change(self._picture.routes)

    # What is told to nobody.

    def _look_at_silent_links(self) -> None:
        silent = list(self._picture.down)[:MOST_SILENT]
        answers = self._wire.ask_each([requests.link(index) for index in silent])
        for index, answer in zip(silent, answers, strict=True):
            if isinstance(answer, bytes):
                self._links[index] = answer
        self._settle()

    def _read_next_hops(self) -> None:
        """That one has gone with its link is told to nobody: while there are any, they are read each time."""
        if not (self._next_hops_told or self._picture.next_hops):
            return
        self._next_hops_told = False
        try:
            dumped = self._dumped(requests.next_hops())
        except NetlinkError as error:
            if error.errno != errno.EOPNOTSUPP:  # a kernel that has none
                raise
            dumped = []
        self._picture.next_hops = dict(understood(decode.next_hop, dumped))

    def _read_doubtful_routes(self) -> None:
        routes = self._picture.routes
        for _ in range(ATTEMPTS):
            tables: list[Table | None] = [None] if routes.all_doubtful else list(routes.doubtful)
            if not tables:
                return
            for table in tables:
                self._read_routes(table)

    def _read_routes(self, table: Table | None) -> None:
        try:
            dumped, meanwhile = self._dumped_with_events(requests.routes(*(table or ())))
        except NetlinkError as error:
            if error.errno != errno.ENOENT:
                raise
            dumped, meanwhile = [], Meanwhile()  # the table itself has gone
        self._merge_routes(dumped, meanwhile, table)


def understood(read: Callable[[bytes], T], messages: Iterable[bytes]) -> Iterator[T]:
    """What messages say.  One that can't be understood does not hold up the others."""
    for message in messages:
        try:
            yield read(message)
        except decode.MALFORMED:
            log.exception("a message of the kernel's can't be understood: %s", message.hex())
