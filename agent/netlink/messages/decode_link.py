"""Messages about links and forwarding entries, as what they say.

Each is read by a few attributes' numbers (linux/if_link.h, neighbour.h), in a fifth of the time that a
decoder of everything takes.  Others are named by interface indices here, as the kernel does; what an index is
called is put in at the end, when all of a change is known.
"""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agent.kernel.kinds.bond import BondStatus
from agent.kernel.kinds.bond_port import BondPortOptions, PortStatus
from agent.kernel.kinds.bridge import BridgePortOptions
from agent.kernel.kinds.kind import options_of
from agent.kernel.kinds.option import decoded
from agent.kernel.kinds.types import NO_NAMES, Names
from agent.kernel.live import LiveLink
from agent.kernel.state import Link, altered
from agent.netlink.messages.message import (
    BODY,
    LINK,
    LINK_ATTRIBUTES,
    NDA_DST,
    NDA_LLADDR,
    NEIGHBOUR,
    NEIGHBOUR_ATTRIBUTES,
    attributes,
    each_attribute,
    ip,
    text,
    u32,
)

IFF_UP, IFF_RUNNING, IFF_MASTER, IFF_SLAVE, IFF_LOWER_UP = 0x1, 0x40, 0x400, 0x800, 0x10000
CARRIER = IFF_RUNNING | IFF_LOWER_UP
"""Both: the operational state, which says up or unknown, and the carrier itself."""
NTF_SELF = 0x02

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_PROTINFO = 1, 3, 4, 5, 10, 12
IFLA_LINKINFO, IFLA_IFALIAS, IFLA_GROUP, IFLA_EXT_MASK = 18, 20, 27, 29
IFLA_LINK_NETNSID, IFLA_PROP_LIST, IFLA_ALT_IFNAME, IFLA_PARENT_DEV_BUS_NAME = 37, 52, 53, 57
IFLA_PERM_ADDRESS, IFLA_PARENT_DEV_NAME = 54, 56
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5

STACKED_KINDS = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"})
"""Kinds whose IFLA_LINK is the device that they sit on; a veth's is its peer, perhaps elsewhere."""

UNBOUND_KINDS = STACKED_KINDS | {"veth", ""}
TUNNEL_LINKS = {"vxlan": 3, "gre": 1, "gretap": 1, "ip6gre": 1, "ip6gretap": 1, "ipip": 1, "sit": 1, "vti": 1}
"""Where tunnels say by which device they go that don't say it in IFLA_LINK."""

USED = ("up", "going down")
"""What a bond says of a port's link while it sends by it."""

NameOf = Callable[[int], str]
"""The name of the device with an index; empty where there is none."""

NO_STATUS, NO_BRIDGE_PORT = PortStatus(), BridgePortOptions()


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
    found = link_entry(message).named(name_of)
    is_port = text(info.get(IFLA_INFO_SLAVE_KIND, b"")) == "bond"
    return LiveLink(
        found,
        bond=decoded(BondStatus, data, Names(name=name_of)) if found.kind == "bond" else None,
        port=decoded(PortStatus, port) if is_port else None,
    )


def link_entry(message: bytes) -> LinkEntry:
    """What RTM_NEWLINK says."""
    _, _, index, flags, _ = LINK.unpack_from(message, BODY)
    found = attributes(message, LINK_ATTRIBUTES)
    info = attributes(found[IFLA_LINKINFO]) if IFLA_LINKINFO in found else {}
    kind, data = text(info.get(IFLA_INFO_KIND, b"")), info.get(IFLA_INFO_DATA, b"")
    master = u32(found, IFLA_MASTER)
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
        MTU=u32(found, IFLA_MTU),
        up=bool(flags & IFF_UP),
        group=u32(found, IFLA_GROUP),
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
    below = u32(found, IFLA_LINK) if IFLA_LINK_NETNSID not in found else 0
    lower = below if kind in STACKED_KINDS else 0
    return lower, 0 if lower or kind in UNBOUND_KINDS else _told_bound(kind, data) or below


def _permanent_mac(address: bytes) -> str:
    """What is burnt into the card; virtual devices have none, or zeros."""
    return mac(address) if any(address) else ""


def _card(found: Mapping[int, bytes]) -> str:
    """Where the card is on the PCI bus; that of another bus is no place that stays."""
    is_pci = text(found.get(IFLA_PARENT_DEV_BUS_NAME, b"")) == "pci"
    return text(found.get(IFLA_PARENT_DEV_NAME, b"")) if is_pci else ""


def _told_bound(kind: str, data: bytes) -> int:
    """The index of the device that a tunnel's packets go by, if it has been told one."""
    return u32(attributes(data), TUNNEL_LINKS[kind]) if kind in TUNNEL_LINKS else 0


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
