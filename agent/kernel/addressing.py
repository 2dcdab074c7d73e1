"""Address and Route: what a link has of either, as it is or as it should be."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

PROTOCOL = 0x70
"""The routing protocol of a route that pifd made, and the protocol of its address (IFA_PROTO): ASCII's p."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address of a link, `192.0.2.10/24`.

    peer: the other end's, `192.0.2.11`, of a point-to-point link.  rest: what else the kernel has of it
    (broadcast, label, scope, metric, flags), as agent.netlink.messages.rest writes it;
    empty for one as pifd makes it.

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
    agent.netlink.messages.rest writes it; empty for one as pifd makes it.  leased: from an RA.  next_hop: the
    next hop object that it uses, by its number; 0 for none.
    """

    link: str
    destination: str
    gateway: str = ""
    metric: int = 0
    leased: bool = field(default=False, compare=False)
    table: int = MAIN_TABLE
    source: str = ""
    rest: str = ""
    next_hop: int = field(default=0, compare=False)

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


@dataclass(frozen=True, slots=True, order=True)
class NextHop:
    """A next hop object (`ip nexthop`) that leads over a link.

    The kernel deletes it when its link goes down.  Whoever made it, a routing daemon as a rule, knows it by
    its number: pifd neither moves it nor makes it again.
    """

    link: str
    number: int


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
