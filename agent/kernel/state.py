"""KernelState: links, addresses, routes and the resolver's file, as they are or as they should be."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Any, cast

from agent.kernel.bond_filter import BondFilter
from agent.kernel.kinds.bond import BondOptions, BondPortOptions
from agent.kernel.kinds.gre import GREOptions
from agent.kernel.kinds.kind import Options
from agent.kernel.kinds.vlan import VLANOptions
from agent.kernel.kinds.vxlan import VXLANOptions
from agent.table import Table

GROUP = 0x70696664
"""The link group of every device that pifd makes ("pifd" in ASCII): it is in the creating message, so
that a device can be told as pifd's from its first moment on."""

MARK = "pifd "
"""How the alias begins of every device that pifd makes; the object's class and uuid follow."""

DOOMED_GROUP = GROUP + 1
"""Devices of pifd's that are about to be deleted: the kernel deletes a group in one go."""


NIC_KINDS = frozenset({"", "veth", "dummy"})
"""Kinds of links that can be NICs; the empty one is hardware's."""


class Role(Enum):
    """What a device is to pifd that did not make it."""

    NONE = "somebody else's, or pifd's own"
    NIC = "a NIC that it was given"
    VIF = "the host's end of a VM's interface"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A network device.

    kind: the kernel's (`bond`, `bridge`, `veth` …), empty for hardware.  master: the bridge or bond that it
    is a port of.  lower: the device that it sits on, as a VLAN on its parent.  isolated: a bridge's port that
    exchanges nothing with the other isolated ones.  learning: whether its bridge remembers who has sent from
    there (True for what is no bridge's port).  flood: where a vxlan sends what it knows no place for.
    gro: whether it puts received packets together; None of what is neither like a NIC nor a bond of pifd's.
    port: what a port of a bond is told.  filter: the rules of a balance-slb bond.

    The fields that are not compared are what the kernel decides by itself: carrier; used, whether the bond
    that it is a port of takes its link for up; active_slave of a bond;
    original_MAC and original_MTU, which a bond gives back to a port that leaves it (the MTU it tells nobody:
    what was read has 0).  And what it does not know: role; station, the MAC of the VM behind a VIF's device.
    And what others have to do with it: names, the alternative ones; bound, the device
    by which a tunnel goes; lent, whether something in another network namespace uses it.
    """

    name: str
    kind: str = ""
    MAC: str = ""
    MTU: int = 1500
    up: bool = False
    master: str = ""
    lower: str = ""
    group: int = 0
    alias: str = ""
    options: Options | None = None
    isolated: bool = False
    learning: bool = True
    flood: tuple[str, ...] = ()
    gro: bool | None = None
    port: BondPortOptions | None = None
    filter: BondFilter | None = None
    hardware: bool = field(default=False, compare=False)
    permanent_MAC: str = field(default="", compare=False)
    card: str = field(default="", compare=False)
    carrier: bool = field(default=False, compare=False)
    used: bool = field(default=False, compare=False)
    active_slave: str = field(default="", compare=False)
    original_MAC: str = field(default="", compare=False)
    original_MTU: int = field(default=0, compare=False)
    role: Role = field(default=Role.NONE, compare=False)
    station: str = field(default="", compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)
    bound: str = field(default="", compare=False)
    lent: bool = field(default=False, compare=False)

    @property
    def owned(self) -> bool:
        """Whether pifd made it.  In its first moment a device of ours has no alias."""
        return self.group in (GROUP, DOOMED_GROUP) and (not self.alias or self.alias.startswith(MARK))


def altered(link: Link, **values: Any) -> Link:
    """As `replace`, in a quarter of the time; the link itself, where it has these values already."""
    changed = {name: value for name, value in values.items() if getattr(link, name) != value}
    if not changed:
        return link
    other = object.__new__(Link)
    for member in MEMBERS.values():
        member.__set__(other, member.__get__(link))
    for name, value in changed.items():
        MEMBERS[name].__set__(other, value)
    return other


MEMBERS = {one.name: Link.__dict__[one.name] for one in fields(Link)}


def changed_fields(one: Link, other: Link) -> list[str]:
    """In which fields two links differ, those that are not compared otherwise included."""
    if one is other:
        return []
    return [name for name, member in MEMBERS.items() if member.__get__(one) != member.__get__(other)]


def _keys_of(link: Link) -> tuple[Hashable, ...]:
    """What links are asked for by: whose they are, whose ports, what they sit on, what they can't share."""
    keys: list[Hashable] = [("also", name) for name in link.names]
    if link.owned:
        keys.append(OWNED)
    elif link.kind in NIC_KINDS:
        keys.append(LOOSE)
    if link.role != Role.NONE:
        keys.append(link.role)
    if link.group == DOOMED_GROUP and not link.owned:
        keys.append(DOOMED)
    if link.master:
        keys.append(("master", link.master))
    if link.lower:
        keys.append(("lower", link.lower))
    if not link.learning:
        keys.append(HUSHED)
    if link.bound:
        keys.append(("bound", link.bound))
    if isinstance(link.options, VLANOptions | GREOptions | VXLANOptions):
        keys.append(_identity(link))
    if isinstance(link.options, BondOptions) and link.options.hashes_by_source:
        keys.append(BY_SOURCE)
    if link.filter is not None:
        keys.append(FILTERED)
    return tuple(keys)


OWNED, LOOSE, DOOMED = "pifd's", "somebody's, of a NIC's kind", "somebody's, in pifd's group"
HUSHED = "a port that does not learn"
BY_SOURCE, FILTERED = "each source goes by one port of it", "has filter rules"


def _identity(link: Link) -> Hashable:
    """What two devices of a kind can't share."""
    match link.options:
        case VXLANOptions(vni=vni, port=port):
            return link.kind, vni, port
        case GREOptions(key=key, local=local, remote=remote):
            return link.kind, link.lower, key, local, remote
        case options:
            return link.kind, link.lower, options


PROTOCOL = 0x70
"""The routing protocol of a route that pifd made, and the protocol of its address (IFA_PROTO): ASCII's p."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address of a link, `192.0.2.10/24`.

    peer: the other end's, `192.0.2.11`, of a point-to-point link.  rest: what else the kernel has of it
    (broadcast, label, scope, metric, flags), as agent.netlink.rest writes it; empty for one as pifd makes it.

    The fields that are not compared: leased, it has a lifetime, somebody (DHCP, RA) renews it; lifetimes, how
    long it is preferred and valid then, in seconds; secondary, an IPv4 one that goes when the first one of
    its subnet goes, or a temporary one of IPv6; protocol, who made it (no kernel before 5.18 can say so);
    mute, a new one of IPv6 that the kernel does not answer to yet (of one that was read it is not known).
    """

    link: str
    interface: str
    leased: bool = field(default=False, compare=False)
    peer: str = ""
    rest: str = ""
    lifetimes: tuple[int, int] | None = field(default=None, compare=False)
    secondary: bool = field(default=False, compare=False)
    protocol: int = field(default=0, compare=False)
    mute: bool = field(default=False, compare=False)

    @property
    def version(self) -> int:
        return 6 if ":" in self.interface else 4

    @property
    def marked(self) -> bool:
        """Whether pifd made it."""
        return self.protocol == PROTOCOL

    @property
    def link_local(self) -> bool:
        return self.version == 6 and parsed(self.interface).is_link_local


@lru_cache(maxsize=1 << 14)
def parsed(interface: str) -> IPv4Interface | IPv6Interface:
    """`192.0.2.10/24` as a value; a host has few of them, which are asked for over and over."""
    return ip_interface(interface)


MAIN_TABLE = 254
MULTIPATH = "multipath"
UNICAST, SCOPE_LINK = 1, 253
SOURCE_ENDS = 52
"""Where in Route.rest the source ends that packets have to have: if there is one it comes first."""
ONLINK = 0x04
"""The flag of a route whose gateway is on the link, whatever the addresses say."""


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A route over a link that the kernel did not make by itself.

    An empty gateway: the destination is on the link; MULTIPATH: there are several.  source: the address that
    packets leave with.  rest: what else the kernel has of it (protocol, scope, type, flags, MTU …), as
    agent.netlink.rest writes it; empty for one as pifd makes it.  leased: from an RA.
    """

    link: str
    destination: str
    gateway: str = ""
    metric: int = 0
    leased: bool = field(default=False, compare=False)
    table: int = MAIN_TABLE
    source: str = ""
    rest: str = ""

    @property
    def version(self) -> int:
        return 6 if ":" in self.destination else 4

    @property
    def marked(self) -> bool:
        """Whether pifd made it."""
        return self.protocol == PROTOCOL

    @property
    def protocol(self) -> int:
        """Who made it: the kernel, a person, a DHCP client, a routing daemon."""
        return int(self.rest[:2], 16) if self.rest else PROTOCOL

    @property
    def plain(self) -> bool:
        """Whether it is as a person makes it who gives no more than destination, gateway and device."""
        usual = (0, 0, 0 if self.gateway or self.version == 6 else SCOPE_LINK, UNICAST, 0)
        bare = self.metric == DEFAULT_METRICS[self.version] and self.table == MAIN_TABLE and not self.source
        return bare and (
            not self.rest or (len(self.rest) == 12 and tuple(bytes.fromhex(self.rest[2:])) == usual)
        )

    @property
    def onlink(self) -> bool:
        """Whether the gateway needs no subnet of an address."""
        return bool(self.rest) and bool(int(self.rest[2:4], 16) & ONLINK)

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What two routes can't share.  Those of IPv6 may be beside one another."""
        beside = (self.link, self.gateway) if self.version == 6 else ()
        return (*self.place, *beside)

    @property
    def place(self) -> tuple[Hashable, ...]:
        """What a route that is set takes the place of: of IPv6, all ways to a destination."""
        return self.destination, self.metric, self.table, self.matched

    @property
    def way(self) -> tuple[str, str, int, int, str]:
        """Where it leads and how, whatever the link is and whoever made it."""
        return self.destination, self.gateway, self.metric, self.table, self.matched

    @property
    def matched(self) -> str:
        """What packets have to have beside their destination: a TOS, or a source (of IPv6), as in `rest`."""
        tos, source = self.rest[4:6], self.rest[10:SOURCE_ENDS]
        return "" if tos in ("", "00") and source[:2] in ("", "00") else f"{tos} {source}"


def crowded(routes: Iterable[Route]) -> frozenset[Route]:
    """Those of IPv4 that share a place: somebody appended them to one another, and their order counts."""
    found: dict[Hashable, set[Route]] = {}
    for route in routes:
        if route.version == 4:
            found.setdefault(route.key, set()).add(route)
    return frozenset(route for several in found.values() if len(several) > 1 for route in several)


DEFAULT_DESTINATIONS = {4: "0.0.0.0/0", 6: "::/0"}
DEFAULT_METRICS = {4: 0, 6: 1024}
"""What the kernel takes when no metric is given."""


@dataclass(frozen=True, slots=True)
class KernelState:
    """Everything that pifd reads and writes.

    An IPv6 link-local address that the kernel gave to a device by itself is not in here, nor is the route
    that comes and goes with an address.
    resolver: the text of resolv.conf, None when somebody else's program writes it (it is a symbolic link).
    ipv6: whether new links can have IPv6.  no_ipv6: the links that have IPv4 addresses, and on which somebody
    switched IPv6 off.  vital: the addresses by which the host is managed, if it is known.
    """

    links: Mapping[str, Link] = field(default_factory=dict)
    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()
    resolver: str | None = ""
    ipv6: bool = field(default=True, compare=False)
    no_ipv6: frozenset[str] = field(default=frozenset(), compare=False)
    vital: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.links, Table):
            object.__setattr__(self, "links", Table(self.links, _keys_of))

    def with_table(self, table: Table[Link]) -> "KernelState":
        """The same with other links; as `replace`, in a third of the time, for it is done for each step."""
        other = object.__new__(KernelState)
        for member in STATE_MEMBERS:
            member.__set__(other, member.__get__(self))
        LINKS.__set__(other, table)
        return other

    @property
    def table(self) -> Table[Link]:
        """The links, as what they are kept in."""
        return cast(Table[Link], self.links)

    @property
    def owned(self) -> list[str]:
        """The names of pifd's links, sorted."""
        return self.table.having(OWNED)

    @property
    def loose(self) -> list[str]:
        """The names of somebody else's links that are of a NIC's kind, sorted."""
        return self.table.having(LOOSE)

    @property
    def is_group_shared(self) -> bool:
        """Whether somebody else's device is in the group by which pifd deletes many."""
        return self.table.has(DOOMED)

    @property
    def hushed(self) -> list[str]:
        """The names of the ports that do not learn, sorted."""
        return self.table.having(HUSHED)

    @property
    def filtered(self) -> list[str]:
        """The names of the bonds that have filter rules, sorted."""
        return self.table.having(FILTERED)

    def in_role(self, role: Role) -> list[str]:
        """The names of the links that have a role, sorted."""
        return self.table.having(role)

    def has_also(self, name: str) -> str:
        """A device that has this as an alternative name; "" for none."""
        return next(self.table.each_having(("also", name)), "")

    def ports(self, master: str) -> Iterator[Link]:
        """The ports of a bridge or bond, in the order of their names."""
        return (self.links[name] for name in self.table.having(("master", master)))

    def users(self, name: str) -> Iterator[Link]:
        """Somebody else's devices that need a device: what sits on it, and tunnels that go by it."""
        for link in (self.links[upper] for upper in self.table.having(("bound", name))):
            if not link.owned:
                yield link
        yield from (link for link in self.uppers(name) if not link.owned)

    def uppers(self, lower: str) -> Iterator[Link]:
        """The devices that sit on a device, in the order of their names."""
        return (self.links[name] for name in self.table.having(("lower", lower)))

    def twins(self, link: Link) -> list[str]:
        """The names of the VLANs or tunnels that a VLAN or tunnel can't be beside."""
        return self.table.having(_identity(link))

    def top(self, name: str) -> str:
        """The device that stands for a link to the outside: the last master above it, or itself."""
        seen = {name}
        while (link := self.links.get(name)) and link.master and link.master not in seen:
            name = link.master
            seen.add(name)
        return name

    def addresses_of(self, name: str) -> tuple[Address, ...]:
        """The addresses of a link, sorted."""
        return tuple(sorted(address for address in self.addresses if address.link == name))


STATE_MEMBERS = [KernelState.__dict__[one.name] for one in fields(KernelState)]
LINKS = KernelState.__dict__["links"]
