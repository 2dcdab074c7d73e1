"""The options of a vxlan device (linux/if_link.h, IFLA_VXLAN_*)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.attributes import Attributes
from agent.kernel.kinds.gre import BIG_ENDIAN
from agent.kernel.kinds.option import Option, When
from agent.kernel.kinds.types import Address, Flag, Names, Number, Value

LOCAL, LOCAL6 = 4, 17


class LocalOption(Option):
    """An attribute of its own for each family."""

    def encode(self, value: Value, names: Names) -> Iterator[tuple[int, bytes]]:
        yield LOCAL6 if ":" in str(value) else LOCAL, self.type.encode(value, names)

    def decode(self, found: Attributes, names: Names) -> Value | None:
        data = found.get(LOCAL) or found.get(LOCAL6)
        return self.type.decode(data, names) if data else ""


@dataclass(frozen=True, slots=True)
class VXLANOptions:
    """What a vxlan device is told; pifd makes it anew rather than change it.  port: UDP.  ttl: hops."""

    vni: Annotated[int, Option(number=1, type=Number(4), when=When.CREATION)]
    local: Annotated[str, LocalOption(number=LOCAL, type=Address(), when=When.CREATION)]
    port: Annotated[int, Option(number=15, type=Number(2, order=BIG_ENDIAN), when=When.CREATION)] = 4789
    learning: Annotated[bool, Option(number=7, type=Flag(), when=When.CREATION)] = True
    ttl: Annotated[int, Option(number=5, type=Number(1), when=When.CREATION)] = 64
