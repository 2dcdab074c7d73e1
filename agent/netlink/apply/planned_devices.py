"""Which device a name stands for, from the plan to the last message.

A step names devices; what it means are those that had the names when the task that applies it last read the
kernel, or that it made since.  What other tasks read changes nothing of that.
"""

import errno
import os
import random
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from agent.kernel.steps import Refused, Step
from agent.netlink.picture.cache import KernelCache
from agent.netlink.picture.device import Identity
from agent.netlink.sockets.socket import NetlinkError

OWN_INDICES = range(0x40000000, 0x7F000000)
"""Interface indices that the kernel gives to nobody by itself: it counts from 1."""


@dataclass(slots=True)
class Planned:
    """Which device each name stood for when it was planned what to do, and what was made since."""

    identities: Mapping[str, Identity] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)


class PlannedDevices:
    """The devices that this task means by their names."""

    def __init__(self, cache: KernelCache) -> None:
        self._cache = cache
        self._planned: ContextVar[Planned] = ContextVar("planned")
        self._next_index = random.choice(OWN_INDICES)  # noqa: S311 (another daemon's are others)

    def are(self, identities: Mapping[str, Identity]) -> None:
        """What this task plans from now on, it plans for these."""
        self._planned.set(Planned(identities))

    def begin(self) -> None:
        """A task that has read nothing means what has the names now; its threads share what it makes."""
        if self._planned.get(None) is None:
            self._planned.set(Planned())

    @property
    def made(self) -> Mapping[str, int]:
        """The index of each device that this task has made since it read the kernel, or tried to make."""
        return self._planned.get().made

    def make(self, name: str) -> None:
        """Choose the index of a new device."""
        self._planned.get().made[name] = self._free_index()

    def _free_index(self) -> int:
        """One that no device has.  Nobody gets it by chance either."""
        while True:
            index, self._next_index = self._next_index, self._next_index + 1
            if self._next_index == OWN_INDICES.stop:
                self._next_index = OWN_INDICES.start
            if not self._cache.has_index(index):
                return index

    def index_for(self, step: Step, name: str) -> int:
        """As `index`; raises Refused."""
        try:
            return self.index(name)
        except NetlinkError as error:
            raise Refused(step, str(error.strerror)) from error

    def index(self, name: str) -> int:
        """The index of the device that had a name when it was planned; it has to be there, and to have it."""
        planned = self._planned.get(None) or Planned()
        if name in planned.made:
            return planned.made[name]
        now = self._cache.identity(name)
        then = planned.identities.get(name, now)
        if then is None or (now is None and not self._cache.has(then)):
            raise NetlinkError(errno.ENODEV, os.strerror(errno.ENODEV))
        if now != then:
            fate = "has another name by now" if self._cache.has(then) else "is gone"
            other = f", and another device is called {name}" if now is not None else ""
            raise NetlinkError(errno.ENODEV, f"the device that was {name} {fate}{other}")
        return then.index
