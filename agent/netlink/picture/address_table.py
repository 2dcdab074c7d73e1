"""AddressTable: the addresses as the kernel tells of them, by their link's index, and as they are shown."""

from collections.abc import Callable, Iterable

from agent.kernel.state import Address, Link
from agent.netlink.messages.decode_address import AddressEntry

Key = tuple[object, ...]


class AddressTable:
    """changed: the links whose addresses are to be looked at.  every: the addresses that are shown."""

    def __init__(self) -> None:
        self._told: dict[int, dict[Key, AddressEntry]] = {}
        self._shown: dict[int, frozenset[Address]] = {}
        self.changed: set[int] = set()
        self.every: set[Address] = set()

    def of(self, index: int) -> Iterable[AddressEntry]:
        """What was told of a link's."""
        return self._told.get(index, {}).values()

    def shown_on(self, index: int) -> frozenset[Address]:
        """A link's, but for those that the kernel gave to it by itself."""
        return self._shown.get(index, frozenset())

    def put(self, entry: AddressEntry) -> bool:
        """Whether it is new."""
        known = self._told.setdefault(entry.index, {})
        is_new = entry.key not in known
        known[entry.key] = entry
        self.changed.add(entry.index)
        return is_new

    def drop(self, entry: AddressEntry) -> bool:
        """Whether it was there."""
        self.changed.add(entry.index)
        return self._told.get(entry.index, {}).pop(entry.key, None) is not None

    def forget(self, index: int | None = None) -> None:
        """Those of a link, which has gone; without one, all of them."""
        gone = list(self._told) if index is None else [index]
        self.changed.update(gone)
        for one in gone:
            self._told.pop(one, None)

    def show(self, link_of: Callable[[int], Link | None]) -> list[int]:
        """Bring what is shown up to date; the links on which it has changed."""
        stale, self.changed = self.changed, set()
        fresh = {index: frozenset(self._on(index, link_of(index))) for index in stale}
        changed = [index for index in stale if _exactly(self.shown_on(index)) != _exactly(fresh[index])]
        for index in changed:
            self.every -= self._shown.pop(index, frozenset())
        for index in changed:
            self.every |= fresh[index]
            if fresh[index]:
                self._shown[index] = fresh[index]
        return changed

    def _on(self, index: int, link: Link | None) -> Iterable[Address]:
        every = (entry.on(link) for entry in self.of(index)) if link is not None else ()
        return (address for address in every if address is not None)


def _exactly(addresses: Iterable[Address]) -> set[tuple[object, ...]]:
    """With what is not compared otherwise."""
    return {(a, a.leased, a.lifetimes, a.secondary, a.protocol) for a in addresses}
