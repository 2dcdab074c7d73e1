"""What a bond and its ports say of themselves at this moment, and what LACP's state bits mean."""

from dataclasses import dataclass
from enum import IntFlag

from agent.kernel.kinds.bond import BondStatus, PortStatus
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


@dataclass(frozen=True, slots=True)
class LiveLink:
    """A link, with what it says as a bond or as a bond's port."""

    link: Link
    bond: BondStatus | None = None
    port: PortStatus | None = None
