"""Devices: what NICs and bonds say of themselves, read again only when there is news of them."""

import asyncio
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from datetime import UTC, datetime

from agent.kernel.live import Device

OnChange = Callable[[frozenset[str]], None]
"""What is called with the names of those that say something else now."""


def missing() -> Device:
    """What is not there says nothing."""
    return Device(read_at=datetime.now(UTC))


class Devices:
    """A device is read when it is asked for the first time.

    After that the answer stands, until there is news; then it is read in a thread, for a NIC may take its
    time, and nobody waits for it: who asks meanwhile has what it said before.

    there: the names of those that are there.  The others are not read: for a name that it does not
    know, the kernel would start modprobe.
    """

    def __init__(self, read: Callable[[str], Device], there: Container[str], on_change: OnChange) -> None:
        self._read, self._there, self._on_change = read, there, on_change
        self._known: dict[str, Device] = {}
        self._stale: set[str] = set()
        self._renewal: asyncio.Task[None] | None = None

    def of(self, names: Iterable[str]) -> Mapping[str, Device]:
        """What each of them says."""
        return {name: self._known_of(name) for name in names}

    def renew(self, names: Iterable[str]) -> None:
        """There is news of these."""
        self._stale |= self._known.keys() & set(names)
        if self._stale and self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())

    def close(self) -> None:
        """Read no more."""
        if self._renewal is not None:
            self._renewal.cancel()

    def _known_of(self, name: str) -> Device:
        if name not in self._known:
            self._known[name] = self._read(name) if name in self._there else missing()
        return self._known[name]

    async def _renew(self) -> None:
        try:
            while self._stale:
                stale, self._stale = self._stale, set()
                there = {name for name in stale if name in self._there}
                found = await asyncio.to_thread(self._read_all, there)
                self._take({name: missing() for name in stale - there} | found)
        finally:
            self._renewal = None

    def _read_all(self, names: Collection[str]) -> dict[str, Device]:
        return {name: self._read(name) for name in names}

    def _take(self, found: Mapping[str, Device]) -> None:
        other = frozenset(name for name, device in found.items() if device != self._known[name])
        self._known.update(found)
        if other:
            self._on_change(other)
