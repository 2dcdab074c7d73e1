"""What NICs, bonds and their ports say of themselves now, LACP's state, and how carrier came and went."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag

from agent.kernel.kinds.bond import BondStatus
from agent.kernel.kinds.bond_port import PortStatus
from agent.kernel.state import Link


class LACPState(IntFlag):
    """The bits of actor_oper_port_state and partner_oper_port_state (IEEE 802.1AX, 6.4.2.3)."""

    ACTIVITY = 0x01
    TIMEOUT = 0x02
    AGGREGATION = 0x04
    SYNCHRONIZATION = 0x08
    COLLECTING = 0x10
    DISTRIBUTING = 0x20
    DEFAULTED = 0x40
    EXPIRED = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """speed: Mbit/s, 0 where it is not known; of a bond, the sum of those that send, as the kernel counts.

    bus_path: the PCI address, `0000:03:00.0`, empty where the device is not on a PCI bus; the ids are PCI's,
    four hexadecimal digits, and the names those of the PCI ID repository, empty where it is not installed.
    read_at: when all this was read.
    """

    speed: int = 0
    full_duplex: bool = False
    bus_path: str = ""
    vendor_id: str = ""
    vendor_name: str = ""
    device_id: str = ""
    device_name: str = ""
    read_at: datetime = field(compare=False)


@dataclass(frozen=True, slots=True)
class LiveLink:
    """A link, with what it says as a bond or as a bond's port."""

    link: Link
    bond: BondStatus | None = None
    port: PortStatus | None = None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A bond's port has got carrier, or lost it.  at: when that was heard of."""

    name: str
    carrier: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkCount:
    """How often a port's carrier has changed, as the kernel counts, and how it is."""

    changes: int
    carrier: bool


def changes_between(before: LinkCount, after: LinkCount) -> tuple[bool, ...]:
    """What became of carrier in between: each change, also those of which nobody was told by itself."""
    times = after.changes - before.changes
    if times <= 0:
        return (after.carrier,) if after.carrier != before.carrier else ()
    return tuple(before.carrier ^ (number % 2 == 0) for number in range(times))
