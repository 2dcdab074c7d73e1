"""Netlink messages as a KernelState."""

import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from pyroute2.netlink.rtnl.ndmsg import ndmsg

from agent.kernel.kinds.bond import BondStatus, PortStatus
from agent.kernel.kinds.bridge import BridgePortOptions
from agent.kernel.kinds.kind import options_of
from agent.kernel.kinds.option import Names, decoded
from agent.kernel.state import (
    MULTIPATH,
    ONLINK,
    Address,
    Link,
    Route,
    parsed,
)
from agent.netlink.encode import ANY_MAC, IFF_UP
from agent.netlink.link_info import LinkMessage, Message, kind_data, port_data
from agent.netlink.rest import (
    ADDRESS_HEADER,
    IFA_FLAGS,
    IFA_PROTO,
    IFAPROT_KERNEL_LL,
    ROUTE_HEADER,
    RTA_DST,
    RTA_GATEWAY,
    RTA_MULTIPATH,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    STABLE_PRIVACY,
    TYPE_MASK,
    address_of,
    attributes,
    has_no_prefix_route,
    route_rest,
)
from agent.netlink.socket import HEADER

RTPROT_KERNEL, RTPROT_RA = 2, 9
RT_TABLE_LOCAL = 255
RTM_F_CLONED = 0x200
NO_WAY = frozenset({0, 6, 7, 8, 9})
"""Types of routes that lead over no device: unspecified, blackhole, unreachable, prohibit, throw."""
NEXT_HOP = struct.Struct("=HBBI")
LINK_LOCAL = "fe80::/64"
AF_INET6 = 10
STACKED_KINDS = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"})
"""Kinds whose IFLA_LINK is the device that they sit on; a veth's is its peer, perhaps elsewhere."""

TUNNEL_LINKS = {"vxlan": 3, "gre": 1, "gretap": 1, "ip6gre": 1, "ip6gretap": 1, "ipip": 1, "sit": 1, "vti": 1}
"""Where tunnels say by which device they go that don't say it in IFLA_LINK."""


def links(raw: Iterable[bytes]) -> tuple[dict[str, Link], dict[str, int]]:
    """The links and the interface indices, both by name."""
    found = [_decoded(LinkMessage, data) for data in raw]
    names = {message["index"]: message.get_attr("IFLA_IFNAME") for message in found}
    read = (link(message, names) for message in found)
    return {one.name: one for one in read}, {name: number for number, name in names.items()}


def link(message: Message, names: Mapping[int, str]) -> Link:
    """One link; names: the names of the others by their index."""
    by_index = Names(name=lambda number: names.get(number, ""))
    kind, data = kind_data(message)
    master, port = port_data(message)
    MAC = message.get_attr("IFLA_ADDRESS") or ""
    return Link(
        name=message.get_attr("IFLA_IFNAME"),
        kind=kind,
        MAC=MAC,
        MTU=message.get_attr("IFLA_MTU"),
        up=bool(message["flags"] & IFF_UP),
        master=names.get(message.get_attr("IFLA_MASTER"), ""),
        lower=_below(message, names) if kind in STACKED_KINDS else "",
        group=message.get_attr("IFLA_GROUP") or 0,
        alias=message.get_attr("IFLA_IFALIAS") or "",
        options=options_of(kind, data, by_index),
        hardware=message.get_attr("IFLA_PARENT_DEV_BUS_NAME") is not None,
        carrier=has_carrier(message),
        active_slave=decoded(BondStatus, data, by_index).active_slave if kind == "bond" else "",
        original_MAC=decoded(PortStatus, port).perm_hwaddr if master == "bond" else "",
        isolated=master == "bridge" and decoded(BridgePortOptions, port).isolated,
        names=_alternative_names(message),
        bound=_bound(message, kind, data, names),
    )


def _below(message: Message, names: Mapping[int, str]) -> str:
    """The device below; not one of the same index in another network namespace."""
    elsewhere = message.get_attr("IFLA_LINK_NETNSID") is not None
    return "" if elsewhere else names.get(message.get_attr("IFLA_LINK"), "")


def _bound(message: Message, kind: str, data: bytes, names: Mapping[int, str]) -> str:
    """The device that a tunnel's packets go by, if it has been told one."""
    if kind in STACKED_KINDS or kind == "veth" or not kind:
        return ""
    told = dict(attributes(data, 0)).get(TUNNEL_LINKS[kind], b"") if kind in TUNNEL_LINKS else b""
    return names.get(_number(told), "") if any(told) else _below(message, names)


def _alternative_names(message: Message) -> tuple[str, ...]:
    found = message.get_attr("IFLA_PROP_LIST")
    return tuple(found.get_attrs("IFLA_ALT_IFNAME")) if found else ()


def with_floods(links: Mapping[str, Link], raw: Iterable[bytes], names: Mapping[int, str]) -> dict[str, Link]:
    """The links, each vxlan with the hosts to which it sends what it knows no place for."""
    floods: dict[str, list[str]] = {}
    for data in raw:
        entry = _decoded(ndmsg, data)
        if entry.get_attr("NDA_LLADDR") == ANY_MAC and entry.get_attr("NDA_DST"):
            floods.setdefault(names.get(entry["ifindex"], ""), []).append(entry.get_attr("NDA_DST"))
    return {name: replace(link, flood=tuple(sorted(floods.get(name, ())))) for name, link in links.items()}


def has_carrier(message: Message) -> bool:
    """Whether the link can pass packets: its operational state, which follows the carrier's, says up."""
    return message.get_attr("IFLA_OPERSTATE") in ("UP", "UNKNOWN") and bool(message.get_attr("IFLA_CARRIER"))


def one_link(raw: bytes) -> Message:
    """The answer to a request for one link."""
    return _decoded(LinkMessage, raw)


def addresses(raw: Iterable[bytes], links: Mapping[str, Link], names: Mapping[int, str]) -> Iterator[Address]:
    """The addresses, but for the link-local ones that the kernel gave to devices by itself."""
    for data in raw:
        index = ADDRESS_HEADER.unpack_from(data, HEADER.size)[4]
        if index in names:
            address = address_of(data, names[index])
            if not (address.link_local and is_kernels_own(data, address, links[address.link])):
                yield address


def is_kernels_own(raw: bytes, address: Address, link: Link) -> bool:
    """Whether the kernel made this link-local address.  Before 5.18 only how it looks can tell."""
    found = dict(attributes(raw, HEADER.size + ADDRESS_HEADER.size))
    if IFA_PROTO in found and found[IFA_PROTO] != b"\0":
        return found[IFA_PROTO] == bytes([IFAPROT_KERNEL_LL])
    if link.owned:
        return False
    flags = int.from_bytes(found.get(IFA_FLAGS, b""), "little")
    made_of = {eui64(MAC) for MAC in (link.MAC, link.original_MAC) if MAC.count(":") == 5}
    return bool(flags & STABLE_PRIVACY) or parsed(address.interface).ip.packed[8:] in made_of


def eui64(MAC: str) -> bytes:
    """The second half of the address that the kernel makes of a MAC (RFC 4291, appendix A)."""
    octets = bytes.fromhex(MAC.replace(":", ""))
    return bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]


def routes(
    raw: Iterable[bytes], names: Mapping[int, str], addresses: Iterable[Address] = ()
) -> Iterator[Route]:
    """The routes, but for those that the kernel made by itself: to its addresses and their subnets."""
    subnets = {subnet for address in addresses for subnet in subnets_of(address)}
    for data in raw:
        _, _, _, _, _, protocol, _, kind, flags = ROUTE_HEADER.unpack_from(data, HEADER.size)
        if flags & RTM_F_CLONED or kind in NO_WAY:
            continue
        for route in _routes(data, names):
            if protocol != RTPROT_KERNEL or not _is_automatic(route, subnets):
                yield route


def subnets_of(address: Address) -> Iterator[tuple[str, str]]:
    """(link, subnet) of the routes that come and go with an address."""
    if not has_no_prefix_route(address):
        length = parsed(address.interface).network.prefixlen
        yield address.link, str(parsed(address.interface).network)
        if address.peer:
            yield address.link, str(ip_network(f"{address.peer}/{length}", strict=False))


def _is_automatic(route: Route, subnets: Collection[tuple[str, str]]) -> bool:
    if route.table == RT_TABLE_LOCAL or route.destination == LINK_LOCAL:
        return True
    return not route.gateway and (route.link, route.destination) in subnets


def _routes(data: bytes, names: Mapping[int, str]) -> Iterator[Route]:
    """A route, or one for each way of a multipath one; IPv6's ways are routes of their own."""
    family, length, _, _, table, protocol, _, _, flags = ROUTE_HEADER.unpack_from(data, HEADER.size)
    found = {k & TYPE_MASK: v for k, v in attributes(data, HEADER.size + ROUTE_HEADER.size)}
    version = 6 if family == AF_INET6 else 4
    where = socket.inet_ntop(family, found.get(RTA_DST, bytes(16 if version == 6 else 4)))
    source = socket.inet_ntop(family, found[RTA_PREFSRC]) if RTA_PREFSRC in found else ""
    for index, flags_of_way, gateway in _ways(found, flags):
        if index in names:
            several = RTA_MULTIPATH in found and version == 4
            yield Route(
                names[index],
                f"{where}/{length}",
                MULTIPATH if several else socket.inet_ntop(family, gateway) if gateway else "",
                _number(found.get(RTA_PRIORITY, b"")),
                leased=protocol == RTPROT_RA,
                table=_number(found.get(RTA_TABLE, bytes([table]))),
                source=source,
                rest=route_rest(data, has_gateway=bool(gateway), onlink=bool(flags_of_way & ONLINK)),
            )


def _ways(found: Mapping[int, bytes], flags: int) -> Iterator[tuple[int, int, bytes]]:
    """Interface index, flags and gateway of each."""
    if RTA_MULTIPATH not in found:
        yield _number(found.get(RTA_OIF, b"")), flags, found.get(RTA_GATEWAY, b"")
        return
    hops, offset = found[RTA_MULTIPATH], 0
    while offset + NEXT_HOP.size <= len(hops):
        size, flags, _, index = NEXT_HOP.unpack_from(hops, offset)
        inner = dict(attributes(hops[: offset + size], offset + NEXT_HOP.size))
        yield index, flags, inner.get(RTA_GATEWAY, b"")
        offset += (max(size, NEXT_HOP.size) + 3) & ~3


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little")


def _decoded(kind: Any, data: bytes) -> Message:
    message = kind(data)
    message.decode()
    return message
