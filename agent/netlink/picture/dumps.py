"""What the kernel has, read whole: dumps, and the events that come into them.

An event beats a dump that it comes into: events come in the order in which things happened, so the last one
of a device is at least as new as what the dump had of it.
"""

import errno
import logging
import time
from collections.abc import Iterable

from agent.netlink.messages import requests
from agent.netlink.messages.decode_address import AddressEntry, address_entry
from agent.netlink.messages.decode_link import flood, link_head
from agent.netlink.messages.decode_route import next_hop, route_entry
from agent.netlink.picture.events import Events, Meanwhile, understood
from agent.netlink.picture.picture import Picture
from agent.netlink.picture.route_table import Table
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import NetlinkError, Wire

log = logging.getLogger("pifd.kernel")

ATTEMPTS = 4
"""How often a dump that is interrupted is asked for; then what all of them have brought counts."""
PAUSE = 0.005
"""Seconds before the second attempt; twice as many before each later one."""
MOST_SILENT = 256
"""How many of the links that are down are looked at again."""


class Dumps:
    """wire: what the kernel is read through.  number: how many dumps there were."""

    def __init__(self, wire: Wire, monitor: Monitor, events: Events, picture: Picture) -> None:
        self._wire, self._monitor = wire, monitor
        self._events, self._picture = events, picture
        self.number = 0

    def read_all(self) -> None:
        """Everything anew; again when something is lost meanwhile.

        If that does not end, the last one counts until the next time.
        """
        self._events.next_hops_told = True
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
        self._events.meanwhile = meanwhile = Meanwhile()
        try:
            return self._dumped(request), meanwhile
        finally:
            self._events.meanwhile = None

    def _dumped(self, request: bytes) -> list[bytes]:
        """What a dump brings.

        An interrupted one may have left something out, and is repeated.  If others change the kernel all the
        time, what several have brought together counts: what has come or gone since the first is told.
        """
        found: list[bytes] = []
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            self.number += 1
            try:
                dump = self._wire.dump(request)
            except NetlinkError:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            self._events.take()
            if dump.whole:
                return dump.messages
            found += dump.messages
        return found

    def _merge_links(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found: dict[int, bytes | None] = {link_head(message)[1]: message for message in dumped}
        older = [message for index, message in found.items() if message and index not in meanwhile.links]
        for _ in understood(self._events.follow_carrier, older):
            pass
        found |= meanwhile.links
        self._events.carriers.keep(index for index, message in found.items() if message is not None)
        for index in self._picture.indices - found.keys():
            self._picture.drop_link(index)
        self._events.links = {index: message for index, message in found.items() if message is not None}
        self._events.settle()

    def _merge_addresses(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found: dict[tuple[object, ...], AddressEntry | None] = {
            entry.key: entry for entry in understood(address_entry, dumped)
        }
        found |= meanwhile.addresses
        self._picture.fill_addresses(entry for entry in found.values() if entry is not None)

    def _merge_floods(self, dumped: Iterable[bytes], meanwhile: Meanwhile) -> None:
        found = {entry: True for entry in understood(flood, dumped) if entry is not None}
        found |= meanwhile.floods
        self._picture.fill_floods(entry for entry, is_there in found.items() if is_there)

    def _merge_routes(
        self, dumped: Iterable[bytes], meanwhile: Meanwhile, table: Table | None = None
    ) -> None:
        """A dump of one table brings that of others too, where the kernel is too old to tell them apart."""
        found = (entry for entry in understood(route_entry, dumped) if entry is not None)
        self._picture.routes.fill(
            (entry for entry in found if table is None or entry.key[:2] == table), table
        )
        for change in meanwhile.routes:
            change(self._picture.routes)

    def look_at_silent_links(self) -> None:
        silent = list(self._picture.down)[:MOST_SILENT]
        answers = self._wire.ask_each([requests.link(index) for index in silent])
        for index, answer in zip(silent, answers, strict=True):
            if isinstance(answer, bytes):
                self._events.links[index] = answer
        self._events.settle()

    def read_next_hops(self) -> None:
        """That one has gone with its link is told to nobody: while there are any, they are read each time."""
        if not (self._events.next_hops_told or self._picture.routes.next_hops):
            return
        self._events.next_hops_told = False
        try:
            dumped = self._dumped(requests.next_hops())
        except NetlinkError as error:
            if error.errno != errno.EOPNOTSUPP:  # a kernel that has none
                raise
            dumped = []
        self._picture.routes.next_hops = dict(understood(next_hop, dumped))

    def read_doubtful_routes(self) -> None:
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
