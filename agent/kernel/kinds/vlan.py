"""The options of a VLAN device (linux/if_link.h, IFLA_VLAN_*)."""

from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.option import Option, When
from agent.kernel.kinds.types import Number


@dataclass(frozen=True, slots=True)
class VLANOptions:
    """What a VLAN device is told; it can't be changed."""

    tag: Annotated[int, Option(number=1, type=Number(2), when=When.CREATION)]
