"""What the kernel is asked, as bytes."""

import socket

from agent.netlink.messages.decode_link import IFLA_EXT_MASK, IFLA_IFNAME
from agent.netlink.messages.message import ADDRESS, LINK, NEIGHBOUR, NEXT_HOP, ROUTE, U32, attribute, message
from agent.netlink.messages.rest import RTA_TABLE

RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH, RTM_GETNEXTHOP = 18, 22, 26, 30, 106
RTEXT_FILTER_SKIP_STATS = 8
ANY_FAMILY, ANY_TABLE = int(socket.AF_UNSPEC), 0

SKIP_STATS = attribute(IFLA_EXT_MASK, U32.pack(RTEXT_FILTER_SKIP_STATS))
"""Without its counters a link takes a third less."""


def link(index: int = 0) -> bytes:
    """One link, or for a dump: all of them."""
    return message(RTM_GETLINK, LINK.pack(ANY_FAMILY, 0, index, 0, 0) + SKIP_STATS)


def link_named(name: str) -> bytes:
    wanted = attribute(IFLA_IFNAME, name.encode() + b"\0")
    return message(RTM_GETLINK, LINK.pack(ANY_FAMILY, 0, 0, 0, 0) + wanted + SKIP_STATS)


def addresses() -> bytes:
    """The addresses of both families."""
    return message(RTM_GETADDR, ADDRESS.pack(ANY_FAMILY, 0, 0, 0, 0))


def routes(family: int = ANY_FAMILY, table: int = ANY_TABLE) -> bytes:
    """The routes of both families, or of one table of one."""
    wanted = attribute(RTA_TABLE, U32.pack(table)) if table else b""
    return message(RTM_GETROUTE, ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + wanted)


def forwarding_entries() -> bytes:
    """Those of bridges and vxlans; a header alone would be an old form."""
    return message(RTM_GETNEIGH, NEIGHBOUR.pack(int(socket.AF_BRIDGE), 0, 0, 0, 0))


def next_hops() -> bytes:
    """The next hop objects of both families."""
    return message(RTM_GETNEXTHOP, NEXT_HOP.pack(ANY_FAMILY, 0, 0, 0))
