"""Bell: wakes whoever waits for the next time that something has happened."""

import asyncio
from typing import Self


class Bell:
    """`rung`: how often it has been rung.  To miss nothing, take `next` before looking at what is there.

    larger: a bell that is rung whenever this one is, for what is one kind of all that happens.
    """

    def __init__(self, larger: Self | None = None) -> None:
        self.rung = 0
        self._larger = larger
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """An event that is set when the bell is rung the next time."""
        return self._next

    def ring(self) -> None:
        """Something has happened."""
        self.rung += 1
        rung, self._next = self._next, asyncio.Event()
        rung.set()
        if self._larger is not None:
            self._larger.ring()
