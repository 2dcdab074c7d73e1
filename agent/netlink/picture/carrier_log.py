"""CarrierLog: each time that a bond's port got or lost its carrier.

Of several changes that follow one another fast the kernel's events may tell the last state alone, and some
may be lost.  But the kernel counts the changes, and each message has the counts.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.kernel.live import LinkChange, LinkCount, changes_between
from agent.netlink.messages.decode_link import IFF_LOWER_UP, IFF_SLAVE, IFLA_IFNAME, link_head
from agent.netlink.messages.message import LINK_ATTRIBUTES, U32, Attributes, attributes, text

IFLA_CARRIER_UP_COUNT, IFLA_CARRIER_DOWN_COUNT = 47, 48
MOST = 4096
"""Changes that are kept until somebody takes them."""


@dataclass(frozen=True, slots=True)
class Port:
    """A bond's port as it was told of last.

    count: of what has been noted.  It is ahead of the kernel's for a moment, where the state was told before
    it was counted, and where a port was set down, which is not counted.
    """

    name: str
    count: LinkCount


class CarrierLog:
    """The ports are known by their indices.  One that leaves its bond is not watched any more."""

    def __init__(self) -> None:
        self._ports: dict[int, Port] = {}
        self._changes: deque[LinkChange] = deque(maxlen=MOST)

    @property
    def counts(self) -> Mapping[str, LinkCount]:
        """Of all ports of bonds, by their names."""
        return {port.name: port.count for port in self._ports.values()}

    def take(self) -> tuple[LinkChange, ...]:
        """The changes since the last time."""
        found = tuple(self._changes)
        self._changes.clear()
        return found

    def keep(self, indices: Iterable[int]) -> None:
        """All other devices are gone."""
        kept = {*indices}
        self._ports = {index: port for index, port in self._ports.items() if index in kept}

    def forget(self, index: int) -> None:
        """A device is gone."""
        self._ports.pop(index, None)

    def hear(self, message: bytes) -> str:
        """Take RTM_NEWLINK in; the name of a port that got or lost carrier, else nothing."""
        _, index, flags = link_head(message)
        if not flags & IFF_SLAVE:
            self.forget(index)
            return ""
        found = attributes(message, LINK_ATTRIBUTES)
        name, counted = text(found.get(IFLA_IFNAME, b"")), counted_in(found)
        now = LinkCount(counted, bool(flags & IFF_LOWER_UP))
        before = self._ports.get(index, Port(name, now)).count
        changes = changes_between(before, now)
        ahead = before.changes + len(changes) if changes else now.changes
        state = changes[-1] if changes else now.carrier
        self._ports[index] = Port(name, LinkCount(max(ahead, counted), state))
        self._changes.extend(LinkChange(name, carrier, datetime.now(UTC)) for carrier in changes)
        return name if changes else ""


def counted_in(found: Attributes) -> int:
    """How often carrier has come and gone."""
    return sum(
        U32.unpack(found[kind])[0]
        for kind in (IFLA_CARRIER_UP_COUNT, IFLA_CARRIER_DOWN_COUNT)
        if kind in found
    )
