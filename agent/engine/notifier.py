"""Notifier: wakes whoever waits for the next change."""

import asyncio
from typing import Self


class Notifier:
    """count: how often it has notified.  To miss nothing, take `next` before looking at what is there.

    parent: a notifier that notifies whenever this one does, for which this one is one kind of change.
    """

    def __init__(self, parent: Self | None = None) -> None:
        self.count = 0
        self._parent = parent
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """An event that is set at the next change."""
        return self._next

    def notify(self) -> None:
        self.count += 1
        happened, self._next = self._next, asyncio.Event()
        happened.set()
        if self._parent is not None:
            self._parent.notify()
