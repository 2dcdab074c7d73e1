"""Messages about links as bytes, by a table: most of what a large host costs is to write these."""

import struct
from collections.abc import Callable
from typing import Any

from agent.netlink.messages.message import ATTRIBUTE, U32, padded

Attribute = tuple[str, Any]
"""The kernel's name of an attribute, and its value; of a nested one, the attributes in it."""

LINK = struct.Struct("=IHHIIBxHiII")
"""struct nlmsghdr and struct ifinfomsg."""


def link_message(
    kind: int, index: int, *attributes: Attribute, flags: int = 0, state: tuple[int, int] = (0, 0)
) -> bytes:
    """A message of a kind, with netlink's flags, about the device with an index.

    state: the device's own flags, and which of them are to change.
    """
    body = packed(LINK_ATTRIBUTES, attributes)
    return LINK.pack(LINK.size + len(body), kind, flags, 0, 0, 0, 0, index, *state) + body


def packed(table: "Table", attributes: tuple[Attribute, ...]) -> bytes:
    parts = bytearray()
    for name, value in attributes:
        number, write = table[name]
        payload = write(value)
        parts += ATTRIBUTE.pack(len(payload) + 4, number) + payload
        parts += bytes(padded(len(parts)) - len(parts))
    return bytes(parts)


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _byte(value: int) -> bytes:
    return bytes((value,))


def _nested(table: "Table") -> Callable[[tuple[Attribute, ...]], bytes]:
    return lambda attributes: packed(table, attributes)


Table = dict[str, tuple[int, Callable[[Any], bytes]]]
"""By name the number of an attribute, and what writes its value."""

INFO_ATTRIBUTES: Table = {
    "IFLA_INFO_KIND": (1, _text),
    "IFLA_INFO_DATA": (2, bytes),
    "IFLA_INFO_SLAVE_KIND": (4, _text),
    "IFLA_INFO_SLAVE_DATA": (5, bytes),
}
INET6_ATTRIBUTES: Table = {"IFLA_INET6_ADDR_GEN_MODE": (8, _byte)}
FAMILY_ATTRIBUTES: Table = {"AF_INET6": (10, _nested(INET6_ATTRIBUTES))}
LINK_ATTRIBUTES: Table = {
    "IFLA_ADDRESS": (1, _mac),
    "IFLA_IFNAME": (3, _text),
    "IFLA_MTU": (4, U32.pack),
    "IFLA_LINK": (5, U32.pack),
    "IFLA_MASTER": (10, U32.pack),
    "IFLA_LINKINFO": (18, _nested(INFO_ATTRIBUTES)),
    "IFLA_IFALIAS": (20, _text),
    "IFLA_AF_SPEC": (26, _nested(FAMILY_ATTRIBUTES)),
    "IFLA_GROUP": (27, U32.pack),
}
