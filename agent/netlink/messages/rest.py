"""What an address or a route has beside what pifd knows words for: kept as it is, and sent as it was.

It is written as hexadecimal text: the fields of the message's header that matter, then its attributes, each
with the header of its own.  So nothing is lost of what a kernel has that this program knows nothing of.  What
names the device is left out, because the device may change: its index, and the beginning of a label.
"""

import socket
import struct
from collections.abc import Iterable, Iterator

from agent.kernel.addressing import ONLINK, PROTOCOL, SCOPE_LINK, UNICAST
from agent.kernel.kinds.attributes import TYPE_MASK
from agent.kernel.state import Address, Route, parsed
from agent.netlink.messages.message import (
    ADDRESS,
    ADDRESS_ATTRIBUTES,
    ATTRIBUTE,
    BODY,
    ROUTE,
    ROUTE_ATTRIBUTES,
    Attributes,
    message,
    padded,
)

HOP = struct.Struct("=HBBi")
"""struct rtnexthop: length, flags, weight, index."""

IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 3, 4, 6, 8
IFA_TARGET_NETNSID, IFA_PROTO = 10, 11
ADDRESS_FIELDS = frozenset({IFA_LOCAL, IFA_ADDRESS, IFA_CACHEINFO, IFA_FLAGS, IFA_TARGET_NETNSID})
"""The attributes that have fields of their own in Address."""
CACHEINFO = struct.Struct("=IIII")
ALWAYS = 0xFFFFFFFF
IFA_F_DEPRECATED = 0x20
"""No new connection is made from the address unless somebody asks for it."""
SETTABLE_FLAGS = 0x0010 | 0x0100 | 0x0200 | 0x0400
"""HOMEADDRESS, MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN: what is not a state but was asked for."""
SECONDARY = 0x01
NOPREFIXROUTE, STABLE_PRIVACY = 0x0200, 0x0800
IFAPROT_KERNEL_LL = 3
LONGEST_LABEL = 15

RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC = 1, 4, 5, 6, 7
RTA_CACHEINFO, RTA_TABLE, RTA_PREF, RTA_EXPIRES, RTA_PAD, RTA_NH_ID = 12, 15, 20, 23, 24, 30
RTA_MULTIPATH = 9
ROUTE_FIELDS = frozenset({
    RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_CACHEINFO, RTA_TABLE, RTA_EXPIRES, RTA_PAD,
    RTA_NH_ID, RTA_MULTIPATH,
})  # fmt: skip
"""The attributes that have fields of their own in Route, and those that pass.  A next hop object says what
gateway and device say: the route is kept without it."""
RT_SCOPE_UNIVERSE, RTPROT_BOOT = 0, 3
RT_TABLE_COMPAT = 252
"""In the header for what does not fit there; the attribute counts."""

RTM_DELROUTE = 25


def attributes(raw: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message, each as its type and its value."""
    while offset + ATTRIBUTE.size <= len(raw):
        size, kind = ATTRIBUTE.unpack_from(raw, offset)
        yield kind, raw[offset + ATTRIBUTE.size : offset + size]
        offset += padded(max(size, ATTRIBUTE.size))


def packed(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """The inverse of attributes()."""
    return b"".join(
        (ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value).ljust((len(value) + 7) & ~3, b"\0")
        for kind, value in pairs
    )


def address_of(raw: bytes, name: str) -> Address:
    """The address that a message tells of, of a link of this name."""
    family, length, short_flags, scope, _ = ADDRESS.unpack_from(raw, BODY)
    found = dict(attributes(raw, ADDRESS_ATTRIBUTES))
    local = found.get(IFA_LOCAL) or found[IFA_ADDRESS]
    interface = f"{socket.inet_ntop(family, local)}/{length}"
    flags = int.from_bytes(found[IFA_FLAGS], "little") if IFA_FLAGS in found else short_flags
    preferred, valid = _lifetimes(found)
    return Address(
        name,
        interface,
        leased=valid != ALWAYS,
        peer=_peer(family, found),
        rest=_address_rest(found, interface, name, scope if family == socket.AF_INET else 0, flags),
        lifetimes=None if valid == ALWAYS and preferred in (0, ALWAYS) else (preferred, valid),
        secondary=bool(flags & SECONDARY),
        protocol=found.get(IFA_PROTO, b"\0")[0],
    )


def _lifetimes(found: Attributes) -> tuple[int, int]:
    """For how many seconds it is preferred, and valid."""
    told = CACHEINFO.unpack(found[IFA_CACHEINFO]) if IFA_CACHEINFO in found else (ALWAYS, ALWAYS)
    return told[0], told[1]


def _address_rest(found: Attributes, interface: str, name: str, scope: int, flags: int) -> str:
    left = {kind: value for kind, value in found.items() if kind not in ADDRESS_FIELDS}
    if flags & IFA_F_DEPRECATED and _lifetimes(found)[1] == ALWAYS:
        left[IFA_CACHEINFO] = CACHEINFO.pack(0, ALWAYS, 0, 0)  # IPv4 tells it by the flag alone
    if left.get(IFA_PROTO) in (bytes([0]), bytes([PROTOCOL])):
        del left[IFA_PROTO]
    if IFA_LABEL in left:
        label = left.pop(IFA_LABEL).rstrip(b"\0").decode(errors="surrogateescape")
        suffix = label.removeprefix(name) if label.startswith(f"{name}:") else label
        left |= {} if label == name else {IFA_LABEL: suffix.encode(errors="surrogateescape")}
    broadcast = _broadcast(interface)
    if left.get(IFA_BROADCAST, b"") == broadcast:
        left.pop(IFA_BROADCAST, None)
    elif broadcast:
        left.setdefault(IFA_BROADCAST, b"")
    asked = flags & SETTABLE_FLAGS
    if not left and not scope and not asked:
        return ""
    return struct.pack("!BH", scope, asked).hex() + packed(sorted(left.items())).hex()


def _broadcast(interface: str) -> bytes:
    """What pifd gives an IPv4 address."""
    own = parsed(interface)
    return own.network.broadcast_address.packed if own.version == 4 and own.network.prefixlen < 31 else b""


def has_no_prefix_route(address: Address) -> bool:
    """Whether the kernel made no route to the address's subnet."""
    return bool(address.rest) and bool(int(address.rest[2:6], 16) & NOPREFIXROUTE)


def _peer(family: int, found: Attributes) -> str:
    other = found.get(IFA_ADDRESS, b"")
    return socket.inet_ntop(family, other) if other != found.get(IFA_LOCAL, other) else ""


def address_message(kind: int, flags: int, address: Address, index: int) -> bytes:
    """The message that makes or deletes an address; IPv6 without duplicate address detection: it would leave
    the address unusable for a second or two."""
    own = parsed(address.interface)
    scope, asked = struct.unpack("!BH", bytes.fromhex(address.rest[:6])) if address.rest else (0, 0)
    rest = dict(attributes(bytes.fromhex(address.rest), 3)) if address.rest else {}
    other = parsed(address.peer).ip if address.peer else own.ip
    found: Attributes = {
        IFA_LOCAL: own.ip.packed,
        IFA_ADDRESS: other.packed,
        IFA_BROADCAST: _broadcast(address.interface),
    }
    found |= rest
    if address.marked:
        found.setdefault(IFA_PROTO, bytes([PROTOCOL]))
    if IFA_LABEL in rest:
        found[IFA_LABEL] = _label(address.link, rest[IFA_LABEL])
    if own.version == 6:
        asked |= 0x02
    found[IFA_FLAGS] = asked.to_bytes(4, "little")
    if address.lifetimes is not None and not address.marked:
        found[IFA_CACHEINFO] = CACHEINFO.pack(*address.lifetimes, 0, 0)
    if not found[IFA_BROADCAST]:
        del found[IFA_BROADCAST]
    if address.link_local:
        scope = SCOPE_LINK
    head = ADDRESS.pack(_family(own.version), own.network.prefixlen, 0, scope, index)
    return message(kind, head + packed(sorted(found.items())), flags)


def _label(link: str, suffix: bytes) -> bytes:
    text = suffix.decode(errors="surrogateescape")
    label = f"{link}{text}" if text.startswith(":") else text
    return label[-LONGEST_LABEL:].encode(errors="surrogateescape") + b"\0"


def route_rest(
    raw: bytes, has_gateway: bool, *, onlink: bool, more: bytes = b"", is_first: bool = True
) -> str:
    """What Route.rest is of a message; with the flags and the weight of one way where there are several.

    Of these the kernel says only by whom the first was made: what is beside one of pifd's need not be pifd's.
    """
    family, _, source, tos, _, protocol, scope, kind, _ = ROUTE.unpack_from(raw, BODY)
    protocol = RTPROT_BOOT if protocol == PROTOCOL and not is_first else protocol
    found = dict(attributes(raw, ROUTE_ATTRIBUTES))
    left = {k: v for k, v in found.items() if k & TYPE_MASK not in ROUTE_FIELDS}
    if more and family == socket.AF_INET6:
        left[RTA_MULTIPATH] = more
    if left.get(RTA_PREF) == b"\0":
        del left[RTA_PREF]
    plain = RT_SCOPE_UNIVERSE if has_gateway or family == socket.AF_INET6 else SCOPE_LINK
    if (source, tos, protocol, scope, kind, onlink) == (
        0,
        0,
        PROTOCOL,
        plain,
        UNICAST,
        False,
    ) and not left:
        return ""
    head = bytes([protocol, ONLINK if onlink else 0, tos, scope, kind, source])
    return head.hex() + packed(sorted(left.items())).hex()


def route_message(kind: int, flags: int, route: Route, index: int) -> bytes:
    """The message that makes or deletes a route; of IPv6 whoever made it, which is not told of each."""
    own = parsed(route.destination)
    head = bytes.fromhex(route.rest[:12]) if route.rest else b""
    plain = RT_SCOPE_UNIVERSE if route.gateway or own.version == 6 else SCOPE_LINK
    protocol, onlink, tos, scope, type_, source = head or (PROTOCOL, 0, 0, plain, UNICAST, 0)
    protocol = 0 if kind == RTM_DELROUTE and own.version == 6 else protocol
    found = {RTA_OIF: index.to_bytes(4, "little"), RTA_PRIORITY: route.metric.to_bytes(4, "little")}
    if own.network.prefixlen:
        found[RTA_DST] = own.network.network_address.packed
    if route.gateway:
        found[RTA_GATEWAY] = parsed(route.gateway).ip.packed
    if route.source:
        found[RTA_PREFSRC] = parsed(route.source).ip.packed
    found[RTA_TABLE] = route.table.to_bytes(4, "little")
    number = route.table if route.table < 256 else RT_TABLE_COMPAT
    family, length = _family(own.version), own.network.prefixlen
    head = ROUTE.pack(family, length, source, tos, number, protocol, scope, type_, onlink)
    rest = dict(attributes(bytes.fromhex(route.rest), 6))
    if RTA_MULTIPATH in rest:
        found[RTA_MULTIPATH] = _only_hop(rest.pop(RTA_MULTIPATH), found, onlink)
    return message(kind, head + packed([*sorted(found.items()), *rest.items()]), flags)


def hop(weight: int, inner: Attributes, index: int = 0, flags: int = 0) -> bytes:
    """One of several ways: struct rtnexthop, and its attributes."""
    own = packed(sorted(inner.items()))
    return HOP.pack(HOP.size + len(own), flags, weight, index) + own


def _only_hop(more: bytes, found: Attributes, flags: int) -> bytes:
    """The way of a route that is to be one of several, which can have a weight of its own only so."""
    inner = dict(attributes(more, HOP.size))
    index = int.from_bytes(found.pop(RTA_OIF), "little")
    inner |= {RTA_GATEWAY: found.pop(RTA_GATEWAY)} if RTA_GATEWAY in found else {}
    return hop(HOP.unpack_from(more)[2], inner, index, flags)


def _family(version: int) -> int:
    return int(socket.AF_INET6 if version == 6 else socket.AF_INET)
