"""Messages about routes, as what they say (linux/rtnetlink.h)."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent.kernel.addressing import MULTIPATH, ONLINK
from agent.kernel.state import Route
from agent.netlink.messages.decode_link import NameOf
from agent.netlink.messages.message import (
    BODY,
    NEXT_HOP,
    ROUTE,
    ROUTE_ATTRIBUTES,
    Attributes,
    attributes,
    ip,
    padded,
    u32,
)
from agent.netlink.messages.rest import (
    HOP,
    RTA_DST,
    RTA_GATEWAY,
    RTA_MULTIPATH,
    RTA_NH_ID,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    hop,
    route_rest,
)

RTA_SRC = 2
NHA_ID, NHA_OIF = 1, 5
RTPROT_KERNEL, RTPROT_RA = 2, 9
RT_TABLE_LOCAL = 255
RTM_F_CLONED = 0x200
NO_WAY = frozenset({0, 6, 7, 8, 9})
"""Types of routes that lead over no device: unspecified, blackhole, unreachable, prohibit, throw."""
LINK_LOCAL = (bytes.fromhex("fe80").ljust(16, b"\0"), 64)
"""fe80::/64."""
ANYWHERE = {int(socket.AF_INET): "0.0.0.0", int(socket.AF_INET6): "::"}  # noqa: S104 (a destination)


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """A route over links as a message tells of it.

    key: what a replacing route has in common with the one that it replaces, its family and table first.
    way: (index of the link, flags, gateway, more) of each hop; more: its weight or encapsulation, as a hop
    over no device.  source: the address that it prefers.  is_kernels: whether the kernel made it.  plain: its
    events are told one a route; of what goes by several ways, or by a next hop object, they are not.
    """

    key: tuple[Any, ...]
    way: tuple[tuple[int, int, bytes, bytes], ...]
    source: bytes
    is_kernels: bool
    plain: bool
    message: bytes

    @property
    def hops(self) -> tuple[int, ...]:
        """The indices of its links."""
        return tuple(index for index, *_ in self.way)

    def named(self, name_of: NameOf) -> Iterator[Route]:
        """The route, or one for each way of a multipath one; IPv6's ways are routes of their own."""
        family, length, _, _, table, protocol, *_ = ROUTE.unpack_from(self.message, BODY)
        found = attributes(self.message, ROUTE_ATTRIBUTES)
        several = RTA_MULTIPATH in found and family == socket.AF_INET
        rest = partial(route_rest, self.message)
        for number, (index, flags, gateway, more) in enumerate(self.way):
            if name := name_of(index):
                yield Route(
                    name,
                    f"{ip(family, found[RTA_DST]) if RTA_DST in found else ANYWHERE[family]}/{length}",
                    MULTIPATH if several else ip(family, gateway) if gateway else "",
                    u32(found, RTA_PRIORITY),
                    leased=protocol == RTPROT_RA,
                    table=u32(found, RTA_TABLE) or table,
                    source=ip(family, found[RTA_PREFSRC]) if RTA_PREFSRC in found else "",
                    rest=rest(bool(gateway), onlink=bool(flags & ONLINK), more=more, is_first=number == 0),
                    next_hop=u32(found, RTA_NH_ID),
                )


def route_entry(message: bytes) -> RouteEntry | None:
    """What RTM_NEWROUTE or RTM_DELROUTE says; None of what leads nowhere, is cached, or is the kernel's own:
    the table of the host's addresses, and the way to the neighbours by their link-local ones."""
    family, length, source_length, tos, table, protocol, _, kind, flags = ROUTE.unpack_from(message, BODY)
    if flags & RTM_F_CLONED or kind in NO_WAY or family not in ANYWHERE:
        return None
    if protocol == RTPROT_KERNEL and table == RT_TABLE_LOCAL:
        return None  # most there are, and nobody has to read the rest of them
    found = attributes(message, ROUTE_ATTRIBUTES)
    table = u32(found, RTA_TABLE) or table
    to = found.get(RTA_DST, b"")
    if protocol == RTPROT_KERNEL and (to, length) == LINK_LOCAL:
        return None
    return RouteEntry(
        key=(
            family,
            table,
            to,
            length,
            found.get(RTA_SRC, b""),
            source_length,
            tos,
            u32(found, RTA_PRIORITY),
        ),
        way=tuple(_ways(found, flags)),
        source=found.get(RTA_PREFSRC, b""),
        is_kernels=protocol == RTPROT_KERNEL,
        plain=RTA_MULTIPATH not in found and RTA_NH_ID not in found,
        message=message,
    )


def next_hop(message: bytes) -> tuple[int, int]:
    """The number of a next hop object, and the index of its link; 0 of one without, such as a group."""
    found = attributes(message, BODY + NEXT_HOP.size)
    return u32(found, NHA_ID), u32(found, NHA_OIF)


def _ways(found: Attributes, flags: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Interface index, flags, gateway and what is of its own beside, of each."""
    if RTA_MULTIPATH not in found:
        yield u32(found, RTA_OIF), flags, found.get(RTA_GATEWAY, b""), b""
        return
    hops, offset = found[RTA_MULTIPATH], 0
    while offset + HOP.size <= len(hops):
        size, flags_of_way, weight, index = HOP.unpack_from(hops, offset)
        inner = attributes(hops[: offset + size], offset + HOP.size)
        yield index, flags_of_way, inner.pop(RTA_GATEWAY, b""), hop(weight, inner) if weight or inner else b""
        offset += padded(max(size, HOP.size))
