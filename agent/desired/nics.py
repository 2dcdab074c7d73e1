"""Which devices count as NICs, and what a rule may know of them."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import overload

from agent.kernel.addressing import DEFAULT_DESTINATIONS, MAIN_TABLE, MULTIPATH, PROTOCOL, crowded
from agent.kernel.resolv_conf_text import nameservers_of
from agent.kernel.state import Address, KernelState, Link, Route, parsed
from agent.model.facts import NIC, Bonding, Facts
from agent.model.records import KeptAddress, KeptRoute

KERNEL, BOOT, STATIC, RA, DHCP = 2, 3, 4, 9, 16
CONFIGURED = frozenset({KERNEL, BOOT, STATIC, RA, DHCP, PROTOCOL})
"""Routes of these protocols are the host's configuration; those of others have a daemon that looks after
them, makes them again after a restart, and takes them away."""


def facts_of(state: KernelState, patterns: Sequence[str], bonding: Bonding | None = None) -> Facts:
    """The NICs by shell patterns of their names; without patterns, the devices with hardware behind them."""
    links = map(state.links.__getitem__, state.loose)
    nics = tuple(_nic(state, link) for link in links if _counts(link, patterns))
    return Facts(nics, Owned(state), nameservers_of(state.resolver or ""), Names(state), bonding)


@dataclass(frozen=True)
class Owned(Sequence[str]):
    """The names of the devices that pifd made, which are looked up when they are asked for."""

    state: KernelState

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self.state.owned[at]

    def __len__(self) -> int:
        return len(self.state.owned)


@dataclass(frozen=True)
class Names(Container[str]):
    """The names that devices have, alternative ones included."""

    state: KernelState

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self.state.links or bool(self.state.has_also(name)))


def can_be_lent(link: Link, patterns: Sequence[str]) -> bool:
    """Whether it matters who uses a device unseen: it is a NIC, or was one when other patterns were set."""
    return link.hardware or _counts(link, patterns)


def _counts(link: Link, patterns: Sequence[str]) -> bool:
    if link.name == "lo" or not link.name.isprintable():
        return False
    return any(fnmatchcase(link.name, pattern) for pattern in patterns) if patterns else link.hardware


def _nic(state: KernelState, link: Link) -> NIC:
    addresses = _Addresses(state.addresses_of(link.name))
    over = sorted(r for r in state.routes if r.link == link.name)
    routes = _Routes(over, crowded(state.routes) if over else frozenset(), addresses.versions)
    return NIC(
        device=link.name,
        MAC=link.original_MAC or link.MAC,
        MTU=link.MTU,
        permanent_MAC=link.permanent_MAC,
        card=link.card,
        up=link.up,
        addresses=tuple(address.interface for address in addresses.told),
        gateway=routes.gateway(4),
        ipv6_gateway=routes.gateway(6),
        metric=routes.metric(4),
        ipv6_metric=routes.metric(6),
        leased=tuple(address.interface for address in addresses.told if address.leased),
        kept_addresses=tuple(_kept_address(address) for address in addresses.kept),
        routes=tuple((route.destination, route.gateway) for route in routes.static),
        kept_routes=tuple(_kept_route(route) for route in routes.kept),
        others=(*addresses.others, *routes.others),
        in_use=_in_use(state, link),
        gro=link.gro,
        unsupported=(
            *(f"a route to {r.destination} {_why_not(r)}" for r in routes.unmovable),
            *(
                f"the next hop object {one.number}, which can't be moved"
                for one in sorted(state.next_hops)
                if one.link == link.name
            ),
        ),
    )


def _why_not(route: Route) -> str:
    if route.next_hop:
        return f"by the next hop object {route.next_hop}, which can't be moved"
    return (
        MULTIPATH if route.gateway == MULTIPATH else f"via {route.gateway or 'no gateway'} beside another one"
    )


def _in_use(state: KernelState, link: Link) -> str:
    """What has this device as its port, sits on it, or goes by it, and is not pifd's; empty for nothing."""
    master = state.links.get(link.master)
    if master is not None and not master.owned:
        return master.name
    above = next(state.users(link.name), None)
    return above.name if above else "a device in another network namespace" if link.lent else ""


class _Addresses:
    """The addresses of a NIC, by who will have them.

    told: those that a PIF's record tells the wire of, of IPv4 the first with a subnet.  kept: those of which
    it has to keep more, and other configured ones.  others: a fail-over daemon's, as far as one can tell
    (single addresses beside those with a subnet, and those with a mark of somebody's): they stay, and are not
    made again after a reboot.  Temporary ones of IPv6 are left to the kernel.
    """

    def __init__(self, addresses: Sequence[Address]) -> None:
        ordered = sorted((a for a in addresses if not self._passes(a)), key=_rank)
        plain = {v: [a for a in ordered if a.version == v and not a.link_local] for v in (4, 6)}
        main = {v: [a for a in found if not self._is_daemons(a, found)] for v, found in plain.items()}
        self.told = [*main[4][:1], *main[6]]
        extra = [*main[4][1:], *(a for a in ordered if a.link_local)]
        self.kept = [*(a for a in self.told if a.rest or a.peer), *extra]
        self.others = [a.interface for a in ordered if a not in self.told and a not in self.kept]
        self.versions = frozenset(address.version for address in self.told)

    @staticmethod
    def _passes(address: Address) -> bool:
        return address.version == 6 and address.secondary

    @staticmethod
    def _is_daemons(address: Address, beside: Sequence[Address]) -> bool:
        if address.protocol not in (0, KERNEL, 1, 3, PROTOCOL):
            return True
        return _is_single(address) and not address.leased and not all(_is_single(a) for a in beside)


def _is_single(address: Address) -> bool:
    own = parsed(address.interface)
    return own.network.prefixlen == own.network.max_prefixlen and not address.peer


def _rank(address: Address) -> tuple[bool, bool, Address]:
    """The host's own address first."""
    return _is_single(address), address.secondary, address


class _Routes:
    """The routes over a NIC, by who will have them.

    static: those that other_config:static-routes can hold.  kept: those that it can't, and default routes
    with more to them than a gateway.  others: a routing daemon's, which stay, and are not made again after a
    reboot.
    """

    def __init__(self, routes: Sequence[Route], beside: Container[Route], versions: frozenset[int]) -> None:
        self._versions = versions
        self.unmovable = [r for r in routes if r.gateway == MULTIPATH or r.next_hop or r in beside]
        mine = [r for r in routes if r.protocol in CONFIGURED and r.gateway != MULTIPATH]
        self._best = {version: self._best_default(mine, version) for version in (4, 6)}
        self.static = [r for r in mine if is_plain(r) and r.gateway and not _is_default(r) and not r.leased]
        self.kept = [r for r in mine if r not in self.static and not self._is_told(r)]
        self.others = [f"{r.destination} in table {r.table}" for r in routes if r.protocol not in CONFIGURED]

    @staticmethod
    def _best_default(routes: Sequence[Route], version: int) -> Route | None:
        """The default route that the kernel would take, with the lowest metric."""
        found = [r for r in routes if _is_default(r) and r.version == version and r.table == MAIN_TABLE]
        return min(found, key=lambda route: route.metric, default=None)

    def gateway(self, version: int) -> str:
        """Of the default route, where the record has an address beside it."""
        best = self._best[version]
        return best.gateway if best and version in self._versions else ""

    def metric(self, version: int) -> int | None:
        """Of the default route."""
        best = self._best[version]
        return best.metric if best else None

    def _is_told(self, route: Route) -> bool:
        """Whether the gateway says it all."""
        return route == self._best[route.version] and is_plain(route) and bool(self.gateway(route.version))


def is_plain(route: Route) -> bool:
    """Whether destination and gateway say it all."""
    return route.plain and route.protocol in (BOOT, STATIC, PROTOCOL)


def _is_default(route: Route) -> bool:
    return route.destination in DEFAULT_DESTINATIONS.values()


def _kept_address(address: Address) -> KeptAddress:
    return KeptAddress(address.interface, address.peer, address.rest)


def _kept_route(route: Route) -> KeptRoute:
    return KeptRoute(route.destination, route.gateway, route.metric, route.table, route.source, route.rest)
