"""desired(model, actual): the kernel state that a model wants on this machine.

pifd speaks for what it made and for the NICs that it was given.  Everything else is taken over from the
actual state as it is, so that the difference between the two never names it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Address, ip_network

from agent.kernel.resolver import nameservers_of, with_nameservers
from agent.kernel.state import (
    DEFAULT_DESTINATIONS,
    DEFAULT_METRICS,
    GROUP,
    Address,
    BondOptions,
    BridgeOptions,
    KernelState,
    Link,
    Route,
)
from agent.model import PIF, Bond, IPMode, Model, Network, bond_of_master, slaves
from agent.static_routes import parse_static_routes


def desired(model: Model, actual: KernelState, given: frozenset[str] = frozenset()) -> KernelState:
    """What the kernel should be.

    given: NICs that were pifd's until now and are to be left free and down, beside those of the model.
    """
    wanted = _Wanted(model, actual, given | given_nics(model))
    links = {link.name: link for link in wanted.links()}
    addresses = frozenset(wanted.addresses())
    routes = frozenset(wanted.routes())
    return replace(
        actual, links=links, addresses=addresses, routes=routes, resolver=wanted_resolver(model, actual)
    )


def as_before(snapshot: KernelState, actual: KernelState, given: frozenset[str]) -> KernelState:
    """A snapshot's state of what is pifd's, with everything else as it is now."""
    mine = given | {link.name for state in (snapshot, actual) for link in state.links.values() if link.owned}
    links = {name: link for name, link in actual.links.items() if name not in mine}
    links |= {name: link for name, link in snapshot.links.items() if name in mine and name in actual.links}
    links |= {name: link for name, link in snapshot.links.items() if link.owned}
    return replace(
        snapshot,
        links=links,
        addresses=frozenset(a for a in actual.addresses if a.link not in mine)
        | frozenset(a for a in snapshot.addresses if a.link in mine and a.link in links),
        routes=frozenset(r for r in actual.routes if r.link not in mine)
        | frozenset(r for r in snapshot.routes if r.link in mine and r.link in links),
    )


def given_nics(model: Model) -> frozenset[str]:
    """The NICs that are pifd's to configure."""
    return frozenset(pif.device for pif in model.all(PIF) if pif.physical and pif.managed)


def needed_nics(model: Model) -> frozenset[tuple[str, str]]:
    """(device, NIC) for each NIC that an attached PIF needs; device is the bridge or bond that it is in."""
    return frozenset(
        (port_of[1], nic.device) for pif in attached(model) for nic, port_of in _nics_under(model, pif)
    )


def attached(model: Model) -> tuple[PIF, ...]:
    """The PIFs whose bridge is to be up."""
    return tuple(pif for pif in model.all(PIF) if pif.currently_attached and pif.managed)


def bridge_of(model: Model, pif: PIF) -> str:
    """The bridge of a PIF's network."""
    return model.get(pif.network).bridge


def link_local(MAC: str) -> str:
    """The EUI-64 link-local address of a MAC (RFC 4291, appendix A)."""
    octets = [int(octet, 16) for octet in MAC.split(":")]
    eui64 = [octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]]
    return f"{IPv6Address(bytes([0xFE, 0x80, *[0] * 6, *eui64]))}/64"


def gateway_pif(pifs: Iterable[PIF], version: int) -> PIF | None:
    """Whose gateway the default route takes: other_config:defaultroute, else management, else the first.

    Only PIFs that have a gateway count.  XenAPI's implementation looks at management first and may find none
    there; then a host would lose its default route by a change that says nothing of routes.
    """
    candidates = [pif for pif in pifs if _gateway(pif, version)]
    chosen = [pif for pif in candidates if pif.other_config.get("defaultroute") == "true"]
    management = [pif for pif in candidates if pif.management]
    return next(iter([*chosen, *management, *candidates]), None)


def wanted_resolver(model: Model, actual: KernelState) -> str | None:
    """resolv.conf with the wanted name servers; left alone where another program writes it."""
    servers = wanted_nameservers(model)
    if actual.resolver is None or nameservers_of(actual.resolver) == servers:
        return actual.resolver
    return with_nameservers(actual.resolver, servers)


def wanted_nameservers(model: Model) -> tuple[str, ...]:
    """Those of one PIF: other_config:peerdns, else management, else the first that has any."""
    candidates = [pif for pif in attached(model) if pif.ip_configuration.DNS]
    chosen = [pif for pif in candidates if pif.other_config.get("peerdns") == "true"]
    management = [pif for pif in candidates if pif.management]
    pif = next(iter([*chosen, *management, *candidates]), None)
    return tuple(pif.ip_configuration.DNS.split(",")) if pif else ()


def crowded_out(model: Model, actual: KernelState) -> frozenset[Route]:
    """Routes of the model's for which there is no room: somebody else, or another PIF, has the same one."""
    wanted = _Wanted(model, actual, given_nics(model))
    return frozenset(wanted.own_routes()) - frozenset(wanted.routes())


def _key(route: Route) -> tuple[str, int, int]:
    """What two routes can't share."""
    return route.destination, route.metric, route.table


def _gateway(pif: PIF, version: int) -> str:
    ip = pif.ip_configuration
    if version == 6:
        return ip.ipv6_gateway if ip.ipv6_configuration_mode != IPMode.NONE else ""
    return ip.gateway if ip.ip_configuration_mode == IPMode.STATIC else ""


def _nics_under(model: Model, pif: PIF) -> Iterator[tuple[PIF, tuple[Bond | None, str]]]:
    """The NICs of an attached PIF, each with its bond, if any, and the device that it is a port of."""
    bond = bond_of_master(model, pif)
    if bond is None:
        yield pif, (None, bridge_of(model, pif))
    else:
        yield from ((slave, (bond, pif.device)) for slave in slaves(model, bond))


@dataclass(frozen=True)
class _Wanted:
    """The parts of the wanted state, each from the model and what is there."""

    model: Model
    actual: KernelState
    given: frozenset[str]

    @cached_property
    def attached(self) -> tuple[PIF, ...]:
        return attached(self.model)

    @cached_property
    def bridges(self) -> Mapping[str, PIF]:
        return {bridge_of(self.model, pif): pif for pif in self.attached}

    def links(self) -> Iterator[Link]:
        yield from self._foreign()
        for pif in self.attached:
            yield self._bridge(pif, self.model.get(pif.network))
            bond = bond_of_master(self.model, pif)
            if bond is not None:
                yield self._bond(pif, bond)
        yield from self._nics()

    def _foreign(self) -> Iterator[Link]:
        return (link for link in self.actual.links.values() if not link.owned and link.name not in self.given)

    def _bridge(self, pif: PIF, network: Network) -> Link:
        return Link(
            name=network.bridge,
            kind="bridge",
            MAC=pif.MAC,
            MTU=network.MTU,
            up=True,
            group=GROUP,
            alias=f"pifd network {network.uuid}",
            options=BridgeOptions(),
        )

    def _bond(self, master: PIF, bond: Bond) -> Link:
        return Link(
            name=master.device,
            kind="bond",
            MAC=master.MAC,
            MTU=self.model.get(master.network).MTU,
            up=True,
            master=bridge_of(self.model, master),
            group=GROUP,
            alias=f"pifd Bond {bond.uuid}",
            options=BondOptions(mode=bond.mode),
        )

    def _nics(self) -> Iterator[Link]:
        """The given NICs that are there: in their place, or free and down."""
        places = {
            nic.device: self._port(nic, pif, place)
            for pif in self.attached
            for nic, place in _nics_under(self.model, pif)
        }
        own = {pif.device: pif for pif in self.model.all(PIF) if pif.physical}
        for name in sorted(self.given & self.actual.links.keys()):
            yield places.get(name) or self._free(self.actual.links[name], own.get(name))

    def _port(self, nic: PIF, pif: PIF, place: tuple[Bond | None, str]) -> Link:
        """A NIC in a bridge, or in a bond, whose MAC it then has."""
        bond, master = place
        link = self.actual.links.get(nic.device, Link(name=nic.device))
        MTU = self.model.get(pif.network).MTU
        port = replace(link, up=True, master=master, MTU=MTU, MAC=pif.MAC if bond else nic.MAC)
        return replace(port, original_MAC=nic.MAC if bond else "", original_MTU=MTU if bond else 0)

    def _free(self, link: Link, pif: PIF | None) -> Link:
        """A NIC that nothing uses is down, unless somebody else's device took it: not pifd's to undo."""
        taken = link.master and not self.actual.links[link.master].owned
        if taken:
            return link
        if pif is None:
            return replace(link, up=False, master="", MAC=link.original_MAC or link.MAC)
        return replace(link, up=False, master="", MAC=pif.MAC, MTU=self.model.get(pif.network).MTU)

    def addresses(self) -> Iterator[Address]:
        """Foreign addresses, those that RAs gave to pifd's bridges, and the configured ones."""
        mine = self.given | {link.name for link in self.actual.links.values() if link.owned}
        yield from (address for address in self.actual.addresses if address.link not in mine)
        yield from (
            a for a in self.actual.addresses if a.leased and a.version == 6 and a.link in self.bridges
        )
        for bridge, pif in self.bridges.items():
            yield from (Address(bridge, interface) for interface in self._interfaces(pif))

    def _interfaces(self, pif: PIF) -> Iterator[str]:
        """The addresses of a PIF; with any IP configuration it has a link-local one too."""
        ip = pif.ip_configuration
        if ip.ip_configuration_mode == IPMode.STATIC:
            yield IPv4Interface(f"{ip.IP}/{ip.netmask}").with_prefixlen
        if ip.ipv6_configuration_mode == IPMode.STATIC:
            yield from ip.IPv6
        if ip.is_configured() and self.actual.ipv6:
            yield link_local(pif.MAC)

    def routes(self) -> Iterator[Route]:
        """Foreign routes, those that RAs gave to pifd's bridges, and pifd's own where there is room."""
        taken = list(self._given_routes())
        yield from taken
        keys = {_key(route) for route in taken}
        for route in self.own_routes():
            if _key(route) not in keys:
                keys.add(_key(route))
                yield route

    def _given_routes(self) -> Iterator[Route]:
        mine = self.given | {link.name for link in self.actual.links.values() if link.owned}
        yield from (route for route in self.actual.routes if route.link not in mine)
        yield from (route for route in self.actual.routes if route.leased and route.link in self.bridges)

    def own_routes(self) -> Iterator[Route]:
        """The default routes and the static ones."""
        for version in (4, 6):
            pif = gateway_pif(self.attached, version)
            if pif is not None:
                yield self._route(pif, DEFAULT_DESTINATIONS[version], _gateway(pif, version))
        for pif in self.attached:
            if pif.ip_configuration.is_configured():
                yield from (self._route(pif, *route) for route in self._static_routes(pif))

    def _static_routes(self, pif: PIF) -> tuple[tuple[str, str], ...]:
        network = self.model.get(pif.network)
        return parse_static_routes(pif.other_config) + parse_static_routes(network.other_config)

    def _route(self, pif: PIF, destination: str, gateway: str) -> Route:
        version = ip_network(destination).version
        return Route(bridge_of(self.model, pif), destination, gateway, DEFAULT_METRICS[version])
