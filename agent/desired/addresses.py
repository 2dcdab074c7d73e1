"""The addresses and routes that a model wants, beside those that are not pifd's."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv6Address
from typing import cast

from agent.desired.homes import Homes
from agent.desired.links import is_others
from agent.kernel.addressing import DEFAULT_METRICS, MAIN_TABLE, MULTIPATH, PROTOCOL, crowded
from agent.kernel.state import Address, KernelState, Route
from agent.model.addresses import default_route_of, extra_addresses, interfaces, version_of
from agent.model.default_route import gateway_pif, is_chosen
from agent.model.layering import Given, attached_with_ip, bridge_mac, bridge_of, has_attached_pif
from agent.model.model import Model, tunnel_over
from agent.model.records import PIF, KeptAddress, KeptRoute
from agent.model.static_routes import parse_static_routes


def vital_addresses(model: Model) -> frozenset[str]:
    """The management interface's; if it is on a tunnel, also those that the tunnel runs between."""
    found: set[str] = set()
    for pif in model.by(PIF, "management", True):
        tunnel = tunnel_over(model, pif)
        below = [] if tunnel is None else [model.get(tunnel.transport_PIF)]
        found |= {interface for one in (pif, *below) for interface in interfaces(one)}
    return frozenset(found)


def link_local(MAC: str) -> str:
    """The EUI-64 link-local address of a MAC (RFC 4291, appendix A)."""
    octets = [int(octet, 16) for octet in MAC.split(":")]
    eui64 = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    return f"{IPv6Address(bytes([0xFE, 0x80, *[0] * 6, *eui64]))}/64"


@dataclass(frozen=True)
class Mine(Container[str]):
    """The devices that pifd was given, and those that it made and that are there."""

    given: Given
    actual: KernelState

    def __contains__(self, name: object) -> bool:
        link = self.actual.links.get(cast(str, name))
        return name in self.given.nics or name in self.given.vifs or (link is not None and link.owned)


@dataclass(frozen=True)
class WantedAddresses:
    """The addresses and routes, each from the model and what is there.

    links: the wanted ones, with the addresses and routes still as they are.
    """

    model: Model
    actual: KernelState
    given: Given
    links: KernelState

    @cached_property
    def attached(self) -> tuple[PIF, ...]:
        """Those that can have addresses and routes."""
        return attached_with_ip(self.model)

    @cached_property
    def bridges(self) -> Mapping[str, PIF]:
        return {bridge_of(self.model, pif): pif for pif in self.attached}

    @cached_property
    def mine(self) -> "Mine":
        """The devices where pifd has its addresses and routes, beside other people's."""
        return Mine(self.given, self.actual)

    @cached_property
    def homes(self) -> Homes:
        return Homes(self.actual, self.links, self.mine)

    def addresses(self) -> frozenset[Address]:
        """The configured ones, and other people's where they belong."""
        own = {(address.link, address.interface): address for address in self.own_addresses()}
        for address in self.foreign_addresses():
            own.setdefault((address.link, address.interface), address)
        return frozenset(own.values())

    def foreign_addresses(self) -> Iterator[Address]:
        """As they are, or at the new place of their device; those of RAs only where they are."""
        for address in self.actual.addresses:
            if address.link not in self.mine:
                yield address
            elif self._comes_by_itself(address):
                yield from [address] if has_attached_pif(self.model, address.link) else []
            elif is_others(address, self.given) and not self._is_bridges_own(address):
                home = self.homes.of(address.link)
                yield from [replace(address, link=home)] if home else []

    @staticmethod
    def _comes_by_itself(address: Address) -> bool:
        return address.leased and address.version == 6

    def _is_bridges_own(self, address: Address) -> bool:
        """Whether it is the link-local address that a device of pifd's has of its MAC."""
        link = self.actual.links[address.link]
        return address.link_local and link.owned and _is_made_of(address, link.MAC)

    def own_addresses(self) -> Iterator[Address]:
        """The configured ones.  One that is in its place already is the one, whatever else it has."""
        there = {(address.link, address.interface): address for address in self.actual.addresses}
        for bridge, pif in self.bridges.items():
            for address in self._configured(bridge, pif):
                yield there.get((bridge, address.interface), address)

    def _configured(self, bridge: str, pif: PIF) -> Iterator[Address]:
        found = self._asked_addresses(bridge, pif)
        has_ipv6 = bridge not in self._without_ipv6
        yield from (address for address in found if address.version == 4 or has_ipv6)
        if pif.ip_configuration.is_configured() and self.actual.ipv6 and has_ipv6:
            yield _made(bridge, KeptAddress(link_local(bridge_mac(self.model, pif))))

    @cached_property
    def _without_ipv6(self) -> frozenset[str]:
        """The devices on which somebody has switched IPv6 off, and those that will be in their places: the
        setting goes along.  The records' IPv6 is missing there, and reported as a deviation."""
        homes = frozenset(self.homes.of(name) for name in self.actual.no_ipv6 if name in self.mine)
        return homes | self.actual.no_ipv6

    def _asked_addresses(self, bridge: str, pif: PIF) -> Iterator[Address]:
        kept = {one.interface: one for one in pif.ip_configuration.kept_addresses}
        for interface in interfaces(pif):
            yield _made(bridge, kept.get(interface, KeptAddress(interface)))
        for one in extra_addresses(pif):
            if self._is_to_be(pif, one):
                yield replace(_made(bridge, one), secondary=True)

    def _is_to_be(self, pif: PIF, kept: KeptAddress) -> bool:
        """One that XenAPI tells nobody of is somebody's to take away: it is put back when all are gone."""
        there = {address.interface for address in self.actual.addresses if address.link in self.mine}
        return kept.interface in there or not any(interface in there for interface in interfaces(pif))

    def routes(self) -> frozenset[Route]:
        """pifd's own where there is room, and other people's where they belong: also one beside another that
        it would replace if it were made now."""
        here = self.actual.routes
        taken = [route for route in here if route.link not in self.mine]
        found = {route.key: route for route in taken}
        every = [*self.own_routes(), *self.foreign_routes()]
        beside = [r for r in every if found.setdefault(r.key, r) in here and r in here]
        return frozenset([*taken, *found.values(), *beside])

    def foreign_routes(self) -> Iterator[Route]:
        """Those on pifd's devices that are not its own, where they belong; those of RAs where they are."""
        foreign = [r for r in self.actual.routes if r.link in self.mine and not r.marked]
        for route in sorted(r for r in foreign if r.way not in self.given.ways):
            by_itself = route.leased and route.version == 6
            stays = not by_itself or has_attached_pif(self.model, route.link)
            home = self.homes.of(route.link) if stays else ""
            if home and (home == route.link or (route.gateway != MULTIPATH and route not in self._crowded)):
                yield replace(route, link=home)

    @cached_property
    def _crowded(self) -> frozenset[Route]:
        return crowded(self.actual.routes)

    def own_routes(self) -> Iterator[Route]:
        """The default routes, those that were kept, and the static ones; as they are if they are there."""
        there = {(route.link, route.way): route for route in self.actual.routes}
        for route in self._asked_routes():
            if route.version == 4 or route.link not in self._without_ipv6:
                yield there.get((route.link, route.way), route)

    def _asked_routes(self) -> Iterator[Route]:
        for version in (4, 6):
            yield from self._default_routes(version)
        for pif in self.attached:
            yield from self._kept_routes(pif)
            if pif.ip_configuration.is_configured():
                yield from (self._static(pif, *route) for route in self._static_routes(pif))

    def _default_routes(self, version: int) -> Iterator[Route]:
        """Of the PIF whose gateway is taken, and others that were kept; no better ones, if it was chosen."""
        chosen = gateway_pif(self.attached, version)
        best = default_route_of(chosen, version) if chosen else None
        if chosen is None or best is None:
            return
        yield self._route(chosen, best)
        for pif in self.attached:
            other = default_route_of(pif, version)
            is_better = other is not None and other.metric <= best.metric and is_chosen(chosen)
            if other is not None and _is_kept(pif, other) and not is_better:
                yield self._route(pif, other)

    def _kept_routes(self, pif: PIF) -> Iterator[Route]:
        """But for the default routes through the PIF's gateways."""
        own = {default_route_of(pif, version) for version in (4, 6)}
        yield from (self._route(pif, kept) for kept in pif.ip_configuration.kept_routes if kept not in own)

    def _static_routes(self, pif: PIF) -> tuple[tuple[str, str], ...]:
        network = self.model.get(pif.network)
        return parse_static_routes(pif.other_config) + parse_static_routes(network.other_config)

    def _static(self, pif: PIF, destination: str, gateway: str) -> Route:
        metric = DEFAULT_METRICS[version_of(destination)]
        return self._route(pif, KeptRoute(destination, gateway, metric, MAIN_TABLE))

    def _route(self, pif: PIF, kept: KeptRoute) -> Route:
        return Route(
            bridge_of(self.model, pif),
            kept.destination,
            kept.gateway,
            kept.metric,
            table=kept.table,
            source=kept.source,
            rest=kept.rest,
        )


def _is_kept(pif: PIF, route: KeptRoute) -> bool:
    return route in pif.ip_configuration.kept_routes


def _made(bridge: str, kept: KeptAddress) -> Address:
    return Address(bridge, kept.interface, peer=kept.peer, rest=kept.rest, protocol=PROTOCOL)


def _is_made_of(address: Address, MAC: str) -> bool:
    return MAC.count(":") == 5 and address.interface == link_local(MAC)
