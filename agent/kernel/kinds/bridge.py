"""The options of a bridge (linux/if_link.h, IFLA_BR_*)."""

from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.option import Option
from agent.kernel.kinds.types import Flag, Number


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """What a bridge is told.  forward_delay in centiseconds.

    A new bridge of the kernel's waits 15 s before it forwards and snoops on multicast: both always are said.
    """

    stp: Annotated[bool, Option(number=5, type=Flag(4), initially=False)] = False
    forward_delay: Annotated[int, Option(number=1, type=Number(4), initially=1500)] = 0
    multicast_snooping: Annotated[bool, Option(number=23, type=Flag(1), initially=True)] = False


@dataclass(frozen=True, slots=True)
class BridgePortOptions:
    """What a port of a bridge is told.

    learning: the bridge takes the sender of what comes in here to be here.  isolated: it exchanges nothing
    with the other isolated ones.
    """

    learning: Annotated[bool, Option(number=8, type=Flag())] = True
    isolated: Annotated[bool, Option(number=33, type=Flag())] = False
