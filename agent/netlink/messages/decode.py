"""Netlink messages as what they say of links, addresses, routes and forwarding entries.

Each is read by a few attributes' numbers (linux/if_link.h, if_addr.h, rtnetlink.h, neighbour.h), in a fifth
of the time that a decoder of everything takes.  Others are named by interface indices here, as the kernel
does; what an index is called is put in at the end, when all of a change is known.
"""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_network
from typing import Any

from agent.kernel.addressing import MULTIPATH, ONLINK
from agent.kernel.kinds.bond import BondPortOptions, BondStatus, PortStatus
from agent.kernel.kinds.bridge import BridgePortOptions
from agent.kernel.kinds.kind import options_of
from agent.kernel.kinds.option import decoded
from agent.kernel.kinds.types import NO_NAMES, Names
from agent.kernel.live import LiveLink
from agent.kernel.state import Address, Link, Route, altered, parsed
from agent.netlink.messages.message import (
    HEADER,
    NDA_DST,
    NDA_LLADDR,
    NEIGHBOUR,
    U32,
    Attributes,
    attributes,
    each_attribute,
    padded,
    text,
)
from agent.netlink.messages.rest import (
    HOP,
    IFA_ADDRESS,
    IFA_FLAGS,
    IFA_LOCAL,
    IFA_PROTO,
    IFAPROT_KERNEL_LL,
    STABLE_PRIVACY,
    address_of,
    has_no_prefix_route,
    hop,
    route_rest,
)

IFF_UP, IFF_RUNNING, IFF_MASTER, IFF_SLAVE, IFF_LOWER_UP = 0x1, 0x40, 0x400, 0x800, 0x10000
CARRIER = IFF_RUNNING | IFF_LOWER_UP
"""Both: the operational state, which says up or unknown, and the carrier itself."""
RTPROT_KERNEL, RTPROT_RA = 2, 9
RT_TABLE_LOCAL = 255
RTM_F_CLONED = 0x200
NO_WAY = frozenset({0, 6, 7, 8, 9})
"""Types of routes that lead over no device: unspecified, blackhole, unreachable, prohibit, throw."""
LINK_LOCAL = (bytes.fromhex("fe80").ljust(16, b"\0"), 64)
"""fe80::/64."""
NTF_SELF = 0x02

LINK = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, type, index, flags, which of them have changed."""
ADDRESS = struct.Struct("=BBBBI")
"""struct ifaddrmsg: family, prefix length, flags, scope, index."""
ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_PROTINFO = 1, 3, 4, 5, 10, 12
IFLA_LINKINFO, IFLA_IFALIAS, IFLA_GROUP, IFLA_EXT_MASK = 18, 20, 27, 29
IFLA_LINK_NETNSID, IFLA_PROP_LIST, IFLA_ALT_IFNAME, IFLA_PARENT_DEV_BUS_NAME = 37, 52, 53, 57
IFLA_PERM_ADDRESS, IFLA_PARENT_DEV_NAME = 54, 56
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_MULTIPATH = 1, 2, 4, 5, 6, 7, 9
RTA_TABLE, RTA_NH_ID = 15, 30
NEXT_HOP = struct.Struct("=BBBxI")
"""struct nhmsg: family, scope, protocol, flags."""
NHA_ID, NHA_OIF = 1, 5

MALFORMED: tuple[type[Exception], ...] = (struct.error, ValueError, LookupError)
"""What reading a message raises that is none."""

STACKED_KINDS = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"})
"""Kinds whose IFLA_LINK is the device that they sit on; a veth's is its peer, perhaps elsewhere."""

UNBOUND_KINDS = STACKED_KINDS | {"veth", ""}
TUNNEL_LINKS = {"vxlan": 3, "gre": 1, "gretap": 1, "ip6gre": 1, "ip6gretap": 1, "ipip": 1, "sit": 1, "vti": 1}
"""Where tunnels say by which device they go that don't say it in IFLA_LINK."""

USED = ("up", "going down")
"""What a bond says of a port's link while it sends by it."""

NameOf = Callable[[int], str]
"""The name of the device with an index; empty where there is none."""

BODY = HEADER.size
LINK_ATTRIBUTES, ADDRESS_ATTRIBUTES = BODY + LINK.size, BODY + ADDRESS.size
ROUTE_ATTRIBUTES, NEIGHBOUR_ATTRIBUTES = BODY + ROUTE.size, BODY + NEIGHBOUR.size


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """A link as a message tells of it.  link: without what only the names of others can say.

    master, lower, bound: indices, 0 for none.  refers_to: the indices of all whose names it is shown with.
    bond: what a bond says of itself, in which there are indices too.
    """

    index: int
    link: Link
    master: int
    lower: int
    bound: int
    refers_to: tuple[int, ...]
    is_bond: bool
    bond: bytes

    def named(self, name_of: NameOf) -> Link:
        """The link, with the names of those that it refers to."""
        if not self.refers_to:
            return self.link
        link = altered(
            self.link,
            master=name_of(self.master),
            lower=name_of(self.lower),
            bound=name_of(self.bound),
        )
        if not self.bond:
            return link
        names = Names(name=name_of)
        active_slave = decoded(BondStatus, self.bond, names).active_slave
        return altered(link, options=options_of(link.kind, self.bond, names), active_slave=active_slave)


def live_link(message: bytes, name_of: NameOf) -> LiveLink:
    """What RTM_NEWLINK says, with what a bond or a bond's port says of itself."""
    info = attributes(attributes(message, LINK_ATTRIBUTES).get(IFLA_LINKINFO, b""))
    data, port = info.get(IFLA_INFO_DATA, b""), info.get(IFLA_INFO_SLAVE_DATA, b"")
    found = link(message).named(name_of)
    is_port = text(info.get(IFLA_INFO_SLAVE_KIND, b"")) == "bond"
    return LiveLink(
        found,
        bond=decoded(BondStatus, data, Names(name=name_of)) if found.kind == "bond" else None,
        port=decoded(PortStatus, port) if is_port else None,
    )


def link(message: bytes) -> LinkEntry:
    """What RTM_NEWLINK says."""
    _, _, index, flags, _ = LINK.unpack_from(message, BODY)
    found = attributes(message, LINK_ATTRIBUTES)
    info = attributes(found[IFLA_LINKINFO]) if IFLA_LINKINFO in found else {}
    kind, data = text(info.get(IFLA_INFO_KIND, b"")), info.get(IFLA_INFO_DATA, b"")
    master = _u32(found, IFLA_MASTER)
    lower, bound = _below(found, kind, data)
    bond = data if kind == "bond" else b""
    return LinkEntry(
        index,
        _link(index, found, info, flags),
        master=master,
        lower=lower,
        bound=bound,
        refers_to=tuple(index for index in (master, lower, bound, *_indices_in(bond)) if index),
        is_bond=bool(flags & IFF_MASTER),
        bond=bond,
    )


def _link(index: int, found: dict[int, bytes], info: dict[int, bytes], flags: int) -> Link:
    """The link, whose references to others are indices still, and left out."""
    kind, master_kind = text(info.get(IFLA_INFO_KIND, b"")), text(info.get(IFLA_INFO_SLAVE_KIND, b""))
    port = info.get(IFLA_INFO_SLAVE_DATA, b"")
    status = decoded(PortStatus, port) if master_kind == "bond" else NO_STATUS
    bridge_port = decoded(BridgePortOptions, port) if master_kind == "bridge" else NO_BRIDGE_PORT
    return Link(
        name=text(found.get(IFLA_IFNAME, b"")),
        kind=kind,
        MAC=mac(found.get(IFLA_ADDRESS, b"")),
        MTU=_u32(found, IFLA_MTU),
        up=bool(flags & IFF_UP),
        group=_u32(found, IFLA_GROUP),
        alias=text(found.get(IFLA_IFALIAS, b"")),
        options=options_of(kind, info.get(IFLA_INFO_DATA, b""), NO_NAMES),
        hardware=IFLA_PARENT_DEV_BUS_NAME in found,
        permanent_MAC=_permanent_mac(found.get(IFLA_PERM_ADDRESS, b"")),
        card=_card(found),
        carrier=flags & CARRIER == CARRIER,
        used=status.mii_status in USED,
        original_MAC=status.perm_hwaddr,
        port=decoded(BondPortOptions, port) if master_kind == "bond" else None,
        isolated=bridge_port.isolated,
        learning=bridge_port.learning,
        names=_alternative_names(found.get(IFLA_PROP_LIST, b"")),
        index=index,
    )


def _below(found: dict[int, bytes], kind: str, data: bytes) -> tuple[int, int]:
    """The indices of the device that this one sits on, and of the one that its packets go by, 0 for none.

    One in another namespace is none here, even if its index is.
    """
    below = _u32(found, IFLA_LINK) if IFLA_LINK_NETNSID not in found else 0
    lower = below if kind in STACKED_KINDS else 0
    return lower, 0 if lower or kind in UNBOUND_KINDS else _told_bound(kind, data) or below


NO_STATUS, NO_BRIDGE_PORT = PortStatus(), BridgePortOptions()


def _permanent_mac(address: bytes) -> str:
    """What is burnt into the card; virtual devices have none, or zeros."""
    return mac(address) if any(address) else ""


def _card(found: Mapping[int, bytes]) -> str:
    """Where the card is on the PCI bus; that of another bus is no place that stays."""
    is_pci = text(found.get(IFLA_PARENT_DEV_BUS_NAME, b"")) == "pci"
    return text(found.get(IFLA_PARENT_DEV_NAME, b"")) if is_pci else ""


def _told_bound(kind: str, data: bytes) -> int:
    """The index of the device that a tunnel's packets go by, if it has been told one."""
    return _u32(attributes(data), TUNNEL_LINKS[kind]) if kind in TUNNEL_LINKS else 0


def _alternative_names(properties: bytes) -> tuple[str, ...]:
    return tuple(text(name) for kind, name in each_attribute(properties) if kind == IFLA_ALT_IFNAME)


def _indices_in(bond: bytes) -> list[int]:
    """Those of the devices that a bond speaks of."""
    found: list[int] = []

    def asked(index: int) -> str:
        found.append(index)
        return ""

    if bond:
        decoded(BondStatus, bond, Names(name=asked))
        options_of("bond", bond, Names(name=asked))
    return found


def link_head(message: bytes) -> tuple[int, int, int]:
    """(family, index, flags) of a link's message, which is all that many need."""
    family, _, index, flags, _ = LINK.unpack_from(message, BODY)
    return family, index, flags


def with_port(entry: LinkEntry, message: bytes) -> LinkEntry:
    """A link after an event of the bridge's (family AF_BRIDGE), which tells of its port's settings alone."""
    port = attributes(message, LINK_ATTRIBUTES).get(IFLA_PROTINFO, b"")
    if not port:
        return entry
    options = decoded(BridgePortOptions, port)
    return replace(entry, link=replace(entry.link, isolated=options.isolated, learning=options.learning))


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An address as a message tells of it.  key: what no two of a host have in common."""

    key: tuple[Any, ...]
    family: int
    index: int
    local: bytes
    message: bytes

    def on(self, link: Link) -> Address | None:
        """The address of this link; None of a link-local one that the kernel gave to it by itself."""
        address = address_of(self.message, link.name)
        own = address.link_local and is_kernels_own(self.message, address, link)
        return None if own else address


def address(message: bytes) -> AddressEntry:
    """What RTM_NEWADDR or RTM_DELADDR says.  Raises MALFORMED, for another family than IPv4 and IPv6, too."""
    family, length, _, _, index = ADDRESS.unpack_from(message, BODY)
    found = attributes(message, ADDRESS_ATTRIBUTES)
    peer = found.get(IFA_ADDRESS, b"")
    local = found.get(IFA_LOCAL, peer)
    address_of(message, "")  # what can't be read is left out now, not at each look
    return AddressEntry((family, index, local, length, peer), family, index, local, message)


def is_kernels_own(raw: bytes, address: Address, link: Link) -> bool:
    """Whether the kernel made this link-local address.  Before 5.18 only how it looks can tell."""
    found = attributes(raw, ADDRESS_ATTRIBUTES)
    if found.get(IFA_PROTO, b"\0") != b"\0":
        return found[IFA_PROTO] == bytes([IFAPROT_KERNEL_LL])
    if link.owned:
        return False
    made_of = {eui64(MAC) for MAC in (link.MAC, link.original_MAC) if MAC.count(":") == 5}
    is_stable = bool(_u32(found, IFA_FLAGS) & STABLE_PRIVACY)
    return is_stable or parsed(address.interface).ip.packed[8:] in made_of


def eui64(MAC: str) -> bytes:
    """The second half of the address that the kernel makes of a MAC (RFC 4291, appendix A)."""
    octets = bytes.fromhex(MAC.replace(":", ""))
    return bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]


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
                    _u32(found, RTA_PRIORITY),
                    leased=protocol == RTPROT_RA,
                    table=_u32(found, RTA_TABLE) or table,
                    source=ip(family, found[RTA_PREFSRC]) if RTA_PREFSRC in found else "",
                    rest=rest(bool(gateway), onlink=bool(flags & ONLINK), more=more, is_first=number == 0),
                    next_hop=_u32(found, RTA_NH_ID),
                )


def route(message: bytes) -> RouteEntry | None:
    """What RTM_NEWROUTE or RTM_DELROUTE says; None of what leads nowhere, is cached, or is the kernel's own:
    the table of the host's addresses, and the way to the neighbours by their link-local ones."""
    family, length, source_length, tos, table, protocol, _, kind, flags = ROUTE.unpack_from(message, BODY)
    if flags & RTM_F_CLONED or kind in NO_WAY or family not in ANYWHERE:
        return None
    if protocol == RTPROT_KERNEL and table == RT_TABLE_LOCAL:
        return None  # most there are, and nobody has to read the rest of them
    found = attributes(message, ROUTE_ATTRIBUTES)
    table = _u32(found, RTA_TABLE) or table
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
            _u32(found, RTA_PRIORITY),
        ),
        way=tuple(_ways(found, flags)),
        source=found.get(RTA_PREFSRC, b""),
        is_kernels=protocol == RTPROT_KERNEL,
        plain=RTA_MULTIPATH not in found and RTA_NH_ID not in found,
        message=message,
    )


def _ways(found: Attributes, flags: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Interface index, flags, gateway and what is of its own beside, of each."""
    if RTA_MULTIPATH not in found:
        yield _u32(found, RTA_OIF), flags, found.get(RTA_GATEWAY, b""), b""
        return
    hops, offset = found[RTA_MULTIPATH], 0
    while offset + HOP.size <= len(hops):
        size, flags_of_way, weight, index = HOP.unpack_from(hops, offset)
        inner = attributes(hops[: offset + size], offset + HOP.size)
        yield index, flags_of_way, inner.pop(RTA_GATEWAY, b""), hop(weight, inner) if weight or inner else b""
        offset += padded(max(size, HOP.size))


def next_hop(message: bytes) -> tuple[int, int]:
    """The number of a next hop object, and the index of its link; 0 of one without, such as a group."""
    found = attributes(message, BODY + NEXT_HOP.size)
    return _u32(found, NHA_ID), _u32(found, NHA_OIF)


def subnets_of(address: Address) -> Iterator[str]:
    """The subnets to which a route comes and goes with an address."""
    if not has_no_prefix_route(address):
        own = parsed(address.interface).network
        yield str(own)
        if address.peer:
            yield str(ip_network(f"{address.peer}/{own.prefixlen}", strict=False))


def flood(message: bytes) -> tuple[int, str] | None:
    """(index, host) of the forwarding entry by which a vxlan floods to a host; None of any other entry."""
    family, index, _, flags, _ = NEIGHBOUR.unpack_from(message, BODY)
    if family != socket.AF_BRIDGE or not flags & NTF_SELF:
        return None
    found = attributes(message, NEIGHBOUR_ATTRIBUTES)
    to = found.get(NDA_DST, b"")
    if any(found.get(NDA_LLADDR, b"\1")) or not to:
        return None
    return index, ip(socket.AF_INET if len(to) == 4 else socket.AF_INET6, to)


def mac(address: bytes) -> str:
    """`02:00:00:00:00:01`; of a tunnel, whatever it has for an address."""
    return address.hex(":")


def ip(family: int, address: bytes) -> str:
    """As it is written; empty where that can't be one."""
    try:
        return socket.inet_ntop(family, address)
    except ValueError:
        return ""


ANYWHERE = {int(socket.AF_INET): "0.0.0.0", int(socket.AF_INET6): "::"}  # noqa: S104 (a destination)


def _u32(found: Attributes, kind: int) -> int:
    payload = found.get(kind, b"")
    return int(U32.unpack_from(payload)[0]) if len(payload) >= 4 else 0
