"""The options of gretap and ip6gretap devices (linux/if_tunnel.h, IFLA_GRE_*)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from agent.kernel.kinds.attributes import Attributes
from agent.kernel.kinds.option import Option, When
from agent.kernel.kinds.types import Address, Names, Number, Value

IN_FLAGS, OUT_FLAGS, IN_KEY, OUT_KEY = 2, 3, 4, 5
KEY_FLAG = struct.pack("!H", 0x2000)
BIG_ENDIAN = "!"


class KeyOption(Option):
    """The same key in both directions.  It counts only with its flags: without them it is ignored silently.

    0 for a key that is not the same in both directions: such a device is none of pifd's.
    """

    def encode(self, value: Value, names: Names) -> Iterator[tuple[int, bytes]]:
        for number in (IN_FLAGS, OUT_FLAGS):
            yield number, KEY_FLAG
        for number in (IN_KEY, OUT_KEY):
            yield number, self.type.encode(value, names)

    def decode(self, found: Attributes, names: Names) -> Value | None:
        same = found.get(IN_KEY) == found.get(OUT_KEY) is not None
        return self.type.decode(found[IN_KEY], names) if same else 0


@dataclass(frozen=True, slots=True)
class GREOptions:
    """What a gretap (IPv4) or ip6gretap device is told; pifd makes it anew rather than change it.

    ttl: hops; without it, GRE takes the one of the packet inside, and multicast would not get anywhere.
    """

    key: Annotated[int, KeyOption(number=IN_KEY, type=Number(4, order=BIG_ENDIAN), when=When.CREATION)]
    local: Annotated[str, Option(number=6, type=Address(), when=When.CREATION)]
    remote: Annotated[str, Option(number=7, type=Address(), when=When.CREATION)]
    ttl: Annotated[int, Option(number=8, type=Number(1), when=When.CREATION)] = 64
