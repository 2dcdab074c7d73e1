"""KernelCache: what the kernel has, read whole once and from then on kept true by its events.

Everything is kept by interface index: a name can be another device's at any moment.

What is told to nobody is looked at again when the state is asked for: links that are down, whose group, alias
and options change without a word (net/core/dev.c, netdev_state_change); and the routes of doubtful tables.
"""

import threading
from collections.abc import Iterable, Mapping

from agent.kernel.live import LinkCount
from agent.kernel.state import KernelState, parsed
from agent.netlink.picture.device import Identity, News
from agent.netlink.picture.dumps import Dumps
from agent.netlink.picture.events import Events
from agent.netlink.picture.picture import GRO, Picture
from agent.netlink.sockets.monitor import Monitor
from agent.netlink.sockets.socket import Wire


class KernelCache:
    """What the network namespace has in which this was made.

    wire: what it is read through.  monitor: what tells of changes.  gro: asked of each link of which
    something was told.
    """

    def __init__(self, wire: Wire, monitor: Monitor, gro: GRO) -> None:
        self._monitor = monitor
        self._picture = Picture(gro)
        self._events = Events(monitor, self._picture)
        self._dumps = Dumps(wire, monitor, self._events, self._picture)
        self._turn = threading.RLock()

    def read(self) -> tuple[KernelState, Mapping[str, Identity]]:
        """The kernel with everything that was acknowledged before, and which device has which name.

        Raises NetlinkError when the kernel can't be read.
        """
        with self._turn:
            if self._monitor.is_paused:
                self._monitor.resume()
            self._events.take()
            if self._monitor.lost:
                self._dumps.read_all()
            self._dumps.look_at_silent_links()
            self._dumps.read_doubtful_routes()
            self._dumps.read_next_hops()
            return self._picture.state(), self._picture.identities()

    def catch_up(self, most: int | None = None) -> bool:
        """Take in the events since the last time, of which not much more than `most` bytes; whether that
        has to be done by `read`, which takes its time: something was lost."""
        if not self._turn.acquire(blocking=False):
            return False  # another thread is at it
        try:
            self._events.take(most)
            return self._monitor.lost and not self._monitor.is_paused
        finally:
            self._turn.release()

    def pause(self) -> None:
        """Hear nothing until the next `read`, which reads all again."""
        with self._turn:
            self._monitor.pause()

    @property
    def dumps(self) -> int:
        """How many dumps there were."""
        return self._dumps.number

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
            self._events.take()

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
            self._events.take()
            there = {entry.local for entry in self._picture.addresses.of(index)}
        return there.issuperset(parsed(interface).ip.packed for interface in interfaces)

    def is_up(self, name: str) -> bool:
        """Whether a link had carrier at the last look."""
        link = self._picture.link(name)
        return link is not None and link.carrier

    def master(self, name: str) -> str:
        """What a link was a port of at the last look; empty for nothing."""
        link = self._picture.link(name)
        return link.master if link is not None else ""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._picture.link(name) is not None

    def news(self) -> News:
        """What there is to tell; asked a second time, there is none."""
        if not self._turn.acquire(blocking=False):
            return News()
        try:
            is_told, self._events.bond_told = self._events.bond_told, False
            bonds = self._picture.bonds() if is_told else frozenset()
            return News(self._picture.news(), bonds, self._picture.changed(), self._events.carriers.take())
        finally:
            self._turn.release()

    @property
    def link_counts(self) -> Mapping[str, LinkCount]:
        """How often the carrier of each bond's port has changed."""
        with self._turn:
            return self._events.carriers.counts
