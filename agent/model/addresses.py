"""The addresses and routes that a PIF's record asks for."""

from collections.abc import Iterator
from ipaddress import IPv4Interface

from agent.model.default_route import gateway_of
from agent.model.records import PIF, IPMode, KeptAddress, KeptRoute
from agent.model.static_routes import parse_static_routes

MAIN_TABLE = 254
DEFAULT_DESTINATIONS = {4: "0.0.0.0/0", 6: "::/0"}
DEFAULT_METRICS = {4: 0, 6: 1024}
"""What the kernel takes when no metric is given."""

Way = tuple[str, str, int, int, str]
"""Destination, gateway, metric and table of a route, and what it matches beside."""
SOURCE_ENDS = 52


def interfaces(pif: PIF) -> Iterator[str]:
    """The addresses that the wire tells of."""
    ip = pif.ip_configuration
    if ip.ip_configuration_mode == IPMode.STATIC:
        yield IPv4Interface(f"{ip.IP}/{ip.netmask}").with_prefixlen
    if ip.ipv6_configuration_mode == IPMode.STATIC:
        yield from ip.IPv6


def extra_addresses(pif: PIF) -> Iterator[KeptAddress]:
    """Those that it does not tell of."""
    told = set(interfaces(pif))
    return (kept for kept in pif.ip_configuration.kept_addresses if kept.interface not in told)


def all_interfaces(pif: PIF) -> Iterator[str]:
    """All addresses that a PIF's record may ask for."""
    yield from interfaces(pif)
    yield from (kept.interface for kept in pif.ip_configuration.kept_addresses)


def default_route_of(pif: PIF, version: int) -> KeptRoute | None:
    """The PIF's own default route, as it was found if it was."""
    gateway = gateway_of(pif, version)
    if not gateway:
        return None
    plain = KeptRoute(DEFAULT_DESTINATIONS[version], gateway, DEFAULT_METRICS[version], MAIN_TABLE)
    return next((kept for kept in pif.ip_configuration.kept_routes if is_default(kept, gateway)), plain)


def is_default(route: KeptRoute, gateway: str) -> bool:
    """Whether it is the main table's default route through a gateway."""
    return is_main_default(route) and route.gateway == gateway


def is_main_default(route: KeptRoute) -> bool:
    """Whether it is a default route of the main table."""
    return route.destination in DEFAULT_DESTINATIONS.values() and route.table == MAIN_TABLE


def ways(pif: PIF) -> Iterator[Way]:
    """All routes that a PIF's record may ask for, its network's aside."""
    for version in (4, 6):
        default = default_route_of(pif, version)
        if default is not None:
            yield way(default)
    yield from map(way, pif.ip_configuration.kept_routes)
    for destination, gateway in parse_static_routes(pif.other_config):
        yield destination, gateway, DEFAULT_METRICS[version_of(destination)], MAIN_TABLE, ""


def way(route: KeptRoute) -> Way:
    """What a route is known by, as agent.kernel.state.Route says it."""
    tos, source = route.rest[4:6], route.rest[10:SOURCE_ENDS]
    matched = "" if tos in ("", "00") and source[:2] in ("", "00") else f"{tos} {source}"
    return route.destination, route.gateway, route.metric, route.table, matched


def version_of(text: str) -> int:
    """The family of an address or a subnet."""
    return 6 if ":" in text else 4
