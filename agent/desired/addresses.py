"""The addresses and routes that a model wants, beside those that are not pifd's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Address, ip_network

from agent.kernel.state import DEFAULT_DESTINATIONS, DEFAULT_METRICS, Address, KernelState, Route
from agent.model.default_route import gateway_of, gateway_pif
from agent.model.layering import Given, attached, bridge_mac, bridge_of
from agent.model.model import Model, tunnel_over
from agent.model.records import PIF, IPMode
from agent.model.static_routes import parse_static_routes


def vital_addresses(model: Model) -> frozenset[str]:
    """The management interface's; if it is on a tunnel, also those that the tunnel runs between."""
    found: set[str] = set()
    for pif in model.all(PIF):
        if pif.management:
            tunnel = tunnel_over(model, pif)
            below = [] if tunnel is None else [model.get(tunnel.transport_PIF)]
            found |= {interface for one in (pif, *below) for interface in interfaces(one)}
    return frozenset(found)


def interfaces(pif: PIF) -> Iterator[str]:
    """The configured addresses of a PIF."""
    ip = pif.ip_configuration
    if ip.ip_configuration_mode == IPMode.STATIC:
        yield IPv4Interface(f"{ip.IP}/{ip.netmask}").with_prefixlen
    if ip.ipv6_configuration_mode == IPMode.STATIC:
        yield from ip.IPv6


def link_local(MAC: str) -> str:
    """The EUI-64 link-local address of a MAC (RFC 4291, appendix A)."""
    octets = [int(octet, 16) for octet in MAC.split(":")]
    eui64 = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    return f"{IPv6Address(bytes([0xFE, 0x80, *[0] * 6, *eui64]))}/64"


@dataclass(frozen=True)
class WantedAddresses:
    """The addresses and routes, each from the model and what is there."""

    model: Model
    actual: KernelState
    given: Given

    @cached_property
    def attached(self) -> tuple[PIF, ...]:
        return attached(self.model)

    @cached_property
    def bridges(self) -> Mapping[str, PIF]:
        return {bridge_of(self.model, pif): pif for pif in self.attached}

    @cached_property
    def mine(self) -> frozenset[str]:
        """The devices whose addresses and routes are pifd's affair."""
        return self.given.names | {link.name for link in self.actual.links.values() if link.owned}

    def addresses(self) -> Iterator[Address]:
        """Foreign addresses, those that RAs gave to pifd's bridges, and the configured ones."""
        yield from (address for address in self.actual.addresses if address.link not in self.mine)
        yield from (
            a for a in self.actual.addresses if a.leased and a.version == 6 and a.link in self.bridges
        )
        for bridge, pif in self.bridges.items():
            yield from (Address(bridge, interface) for interface in interfaces(pif))
            if pif.ip_configuration.is_configured() and self.actual.ipv6:
                yield Address(bridge, link_local(bridge_mac(self.model, pif)))

    def routes(self) -> Iterator[Route]:
        """Foreign routes, those that RAs gave to pifd's bridges, and pifd's own where there is room."""
        taken = [route for route in self.actual.routes if route.link not in self.mine]
        taken += [route for route in self.actual.routes if route.leased and route.link in self.bridges]
        yield from taken
        keys = {_key(route) for route in taken}
        for route in self.own_routes():
            if _key(route) not in keys:
                keys.add(_key(route))
                yield route

    def own_routes(self) -> Iterator[Route]:
        """The default routes and the static ones."""
        for version in (4, 6):
            pif = gateway_pif(self.attached, version)
            if pif is not None:
                yield self._route(pif, DEFAULT_DESTINATIONS[version], gateway_of(pif, version))
        for pif in self.attached:
            if pif.ip_configuration.is_configured():
                yield from (self._route(pif, *route) for route in self._static_routes(pif))

    def _static_routes(self, pif: PIF) -> tuple[tuple[str, str], ...]:
        network = self.model.get(pif.network)
        return parse_static_routes(pif.other_config) + parse_static_routes(network.other_config)

    def _route(self, pif: PIF, destination: str, gateway: str) -> Route:
        version = ip_network(destination).version
        return Route(bridge_of(self.model, pif), destination, gateway, DEFAULT_METRICS[version])


def _key(route: Route) -> tuple[str, int, int]:
    """What two routes can't share."""
    return route.destination, route.metric, route.table
