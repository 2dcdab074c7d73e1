"""The options of a bond's port, and what it says of itself (linux/if_link.h, IFLA_BOND_SLAVE_*)."""

from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.bond import INT_MAX, LACP, ONE_ACTIVE
from agent.kernel.kinds.option import Option
from agent.kernel.kinds.types import Choice, HardwareAddress, Number

CHURN = ("monitor", "churned", "none")


@dataclass(frozen=True, slots=True)
class BondPortOptions:
    """What a port of a bond is told."""

    queue_id: Annotated[
        int,
        Option(
            number=5,
            type=Number(2, 0, 16),
            words="the transmit queue whose frames leave by this port; 0: none",
        ),
    ] = 0
    prio: Annotated[
        int,
        Option(
            number=9,
            type=Number(-4, -(2**31), INT_MAX),
            modes=ONE_ACTIVE,
            since="6.0",
            words="of ports that could be active, the one with the highest is",
        ),
    ] = 0
    actor_port_prio: Annotated[
        int,
        Option(
            number=10,
            type=Number(2, 0, 65535),
            modes=LACP,
            since="6.18",
            words="LACP's priority of the port, for ad_select=actor_port_prio",
        ),
    ] = 255


@dataclass(frozen=True, slots=True)
class PortStatus:
    """What a port of a bond says of itself.  The two states are LACP's bits (IEEE 802.1AX, 6.4.2.3)."""

    state: Annotated[str, Option(number=1, type=Choice(1, ("active", "backup")))] = ""
    mii_status: Annotated[
        str, Option(number=2, type=Choice(1, ("up", "going down", "down", "going back")))
    ] = ""
    link_failure_count: Annotated[int, Option(number=3, type=Number(4))] = 0
    perm_hwaddr: Annotated[str, Option(number=4, type=HardwareAddress())] = ""
    aggregator_id: Annotated[int, Option(number=6, type=Number(2))] = 0
    actor_oper_port_state: Annotated[int, Option(number=7, type=Number(1))] = 0
    partner_oper_port_state: Annotated[int, Option(number=8, type=Number(2))] = 0
    churn_actor_state: Annotated[str, Option(number=11, type=Choice(1, CHURN))] = ""
    churn_partner_state: Annotated[str, Option(number=12, type=Choice(1, CHURN))] = ""
