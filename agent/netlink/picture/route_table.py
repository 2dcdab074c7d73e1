"""RouteTable: the routes as the kernel tells of them, and the tables of which it has not told everything.

IPv4's routes go without a word with their link, with the last address on it, and with the address that they
prefer (net/ipv4/fib_semantics.c, fib_sync_down_dev and fib_sync_down_addr).  Where it is clear which those
are they are dropped here; where it is not, and where several routes have one key or one route has several
ways, their table is doubtful, and has to be read again.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agent.kernel.state import NextHop, Route
from agent.netlink.messages.decode_route import RouteEntry

Key = tuple[Any, ...]
Table = tuple[int, int]
"""The family, and the number of one of its tables."""

NLM_F_REPLACE = 0x100


class RouteTable:
    """The routes by what a replacing one has in common with the replaced.

    doubtful: the tables to read again; all_doubtful: that is all of them.  changed: the keys of what has come
    or gone since they were shown.  every: the routes that are shown, and how often each.
    """

    def __init__(self) -> None:
        self._by_key: dict[Key, list[RouteEntry]] = {}
        self._over: dict[int, dict[Key, None]] = {}
        self._from: dict[bytes, dict[Key, None]] = {}
        self.doubtful: set[Table] = set()
        self.all_doubtful = False
        self.changed: set[Key] = set()
        self.next_hops: Mapping[int, int] = {}
        """The index of the link of each next hop object, by its number."""
        self._shown: dict[Key, tuple[Route, ...]] = {}
        self.every: dict[Route, int] = {}

    def at(self, key: Key) -> tuple[RouteEntry, ...]:
        """The routes with a key."""
        return tuple(self._by_key.get(key, ()))

    def over(self, index: int) -> Iterable[Key]:
        """The keys of the routes that go over a link."""
        return self._over.get(index, ())

    def kernels_over(self, index: int) -> Iterable[Key]:
        """Those of them under which there are routes that the kernel made by itself."""
        return (key for key in self.over(index) if any(entry.is_kernels for entry in self.at(key)))

    def shown_next_hops(self, name_of: Callable[[int], str]) -> frozenset[NextHop]:
        """The next hop objects over links that have names."""
        over = ((name_of(index), number) for number, index in self.next_hops.items())
        return frozenset(NextHop(name, number) for name, number in over if name)

    def fill(self, routes: Iterable[RouteEntry], table: Table | None = None) -> None:
        """What a dump has brought, of all tables or of one, in place of what was known."""
        fresh: dict[Key, list[RouteEntry]] = {}
        for route in routes:
            there = fresh.setdefault(route.key, [])
            if route not in there:
                there.append(route)
        known = self._by_key if table is None else [key for key in self._by_key if key[:2] == table]
        for key in [*(key for key in known if key not in fresh), *fresh]:
            self._put(key, fresh.get(key, []))
        self.doubtful = set() if table is None else self.doubtful - {table}
        self.all_doubtful = self.all_doubtful and table is not None

    def added(self, route: RouteEntry, flags: int) -> None:
        """RTM_NEWROUTE: beside the others with its key, or in place of the one that there is.

        Which one that is, is clear where there is only one; IPv6 has more rules (fib6_add_rt2node).
        """
        there = self.at(route.key)
        if route in there:
            return
        replaces = bool(flags & NLM_F_REPLACE)
        is_clear = len(there) <= 1 and (not there or route.key[0] == socket.AF_INET)
        if not all(one.plain for one in (route, *there)) or (replaces and not is_clear):
            self._doubt(route)
        self._put(route.key, [route] if replaces else [*there, route])

    def removed(self, route: RouteEntry) -> None:
        """RTM_DELROUTE."""
        there = self.at(route.key)
        left = [one for one in there if one.way != route.way]
        if not all(one.plain for one in (route, *there)) or len(left) != max(len(there) - 1, 0):
            self._doubt(route)
        self._put(route.key, left)

    def link_lost(self, index: int) -> None:
        """A link went down, or has gone."""
        for key in list(self.over(index)):
            there = self.at(key)
            if key[0] == socket.AF_INET and all(one.plain for one in there):
                self._put(key, [one for one in there if index not in one.hops])
            else:
                self._doubt(there[0])

    def address_lost(self, address: bytes, index: int, *, is_last: bool) -> None:
        """An IPv4 address has gone from a link; is_last: that has none any more."""
        if is_last:
            self.link_lost(index)
        for key in self._from.get(address, ()):
            self.doubtful.add(key[:2])

    def show(self, routes_of: Callable[[RouteEntry], Iterable[Route]]) -> bool:
        """Bring what is shown up to date; whether any of it has changed.

        routes_of: the routes that are shown of a message.
        """
        stale, self.changed = self.changed, set()
        is_changed = False
        for key in stale:
            before = self._shown.pop(key, ())
            now = tuple(route for entry in self.at(key) for route in routes_of(entry))
            if now:
                self._shown[key] = now
            if before != now or _leased(before) != _leased(now):
                is_changed = True
                self._count(before, -1)
                self._count(now, 1)
        return is_changed

    def _count(self, routes: Iterable[Route], by: int) -> None:
        """Two that differ in what is not shown are one here."""
        for route in routes:
            count = self.every.pop(route, 0) + by
            if count > 0:
                self.every[route] = count

    def _doubt(self, route: RouteEntry) -> None:
        self.doubtful.add(route.key[:2])

    def _put(self, key: Key, routes: list[RouteEntry]) -> None:
        before = self._by_key.get(key, [])
        if before == routes:
            return
        for route in before:
            for index in route.hops:
                self._over.get(index, {}).pop(key, None)
            self._from.get(route.source, {}).pop(key, None)
        for route in routes:
            for index in route.hops:
                self._over.setdefault(index, {})[key] = None
            if route.source:
                self._from.setdefault(route.source, {})[key] = None
        if routes:
            self._by_key[key] = routes
        else:
            self._by_key.pop(key, None)
        self.changed.add(key)


def _leased(routes: Iterable[Route]) -> list[bool]:
    return [route.leased for route in routes]
