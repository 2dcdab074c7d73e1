"""Netlink messages as bytes: headers and attributes, both ways.

Links, addresses and routes, of which there may be thousands, are read and written with these and the tables
in decode_*.py, encode.py and link_message.py.  pyroute2's classes do the rest, and are what the tests compare
every such message with.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Any

from agent.kernel.kinds.attributes import TYPE_MASK
from agent.kernel.kinds.attributes import attributes as attributes

HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence number, port."""
ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length with this header, type."""
LINK = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, type, index, flags, which of them have changed."""
ADDRESS = struct.Struct("=BBBBI")
"""struct ifaddrmsg: family, prefix length, flags, scope, index."""
ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""
NEXT_HOP = struct.Struct("=BBBxI")
"""struct nhmsg: family, scope, protocol, flags."""
NEIGHBOUR = struct.Struct("=BxxxiHBB")
"""struct ndmsg: family, index, state, flags, type."""
NDA_DST, NDA_LLADDR = 1, 2
U32 = struct.Struct("=I")

BODY = HEADER.size
LINK_ATTRIBUTES, ADDRESS_ATTRIBUTES = BODY + LINK.size, BODY + ADDRESS.size
ROUTE_ATTRIBUTES, NEIGHBOUR_ATTRIBUTES = BODY + ROUTE.size, BODY + NEIGHBOUR.size

MALFORMED: tuple[type[Exception], ...] = (struct.error, ValueError, LookupError)
"""What reading a message raises that is none."""

Attributes = dict[int, bytes]
"""The payloads by their types."""


def padded(length: int) -> int:
    """Everything in netlink begins at a multiple of four."""
    return (length + 3) & ~3


def each_message(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence number, the message with its header) of each message of a datagram.

    Raises ValueError at a length that can't be.
    """
    offset, end = 0, len(data)
    while offset + HEADER.size <= end:
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, offset)
        if not HEADER.size <= length <= end - offset:
            raise ValueError(f"a netlink message of {length} bytes in a datagram of {end}")
        yield kind, flags, sequence, data[offset : offset + length]
        offset += padded(length)


def each_attribute(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes in their order, where a type may come more than once."""
    offset = 0
    while offset + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, offset)
        if length < ATTRIBUTE.size:
            return
        yield kind & TYPE_MASK, data[offset + ATTRIBUTE.size : offset + length]
        offset += padded(length)


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute with its padding."""
    return ATTRIBUTE.pack(len(payload) + 4, kind) + payload + b"\0" * (-len(payload) & 3)


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A message without its sequence number, which it gets when it is sent."""
    return HEADER.pack(HEADER.size + len(body), kind, flags, 0, 0) + body


def u32(found: Attributes, kind: int) -> int:
    """A number; 0 where there is none."""
    payload = found.get(kind, b"")
    return int(U32.unpack_from(payload)[0]) if len(payload) >= 4 else 0


def serialized(message: Any) -> bytes:
    """One of pyroute2's messages as bytes; its flags are those that it was given."""
    message.reset()
    message.encode()
    return bytes(message.data).ljust(padded(len(message.data)), b"\0")


def text(payload: bytes) -> str:
    """A name or an alias.  The kernel takes any bytes: what is no UTF-8 is shown as `\\xff`, and not ours."""
    return payload.rstrip(b"\0").decode(errors="backslashreplace")


def ip(family: int, address: bytes) -> str:
    """As it is written; empty where that can't be one."""
    try:
        return socket.inet_ntop(family, address)
    except ValueError:
        return ""
