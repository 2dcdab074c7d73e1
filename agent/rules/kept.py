"""What stays of what was found on the host, when a PIF gets another IP configuration."""

from collections.abc import Collection
from dataclasses import replace

from agent.model.addresses import is_main_default, version_of
from agent.model.records import IPConfiguration, KeptAddress, KeptRoute


def still_kept(ip: IPConfiguration, version: int, hosts: Collection[str], gateway: str) -> IPConfiguration:
    """The configuration with what of one family still fits to the PIF's new addresses and its new gateway.

    hosts: the addresses, without prefix lengths; none when the PIF is to have none.  A default route keeps
    its metric when its gateway changes: another one would move traffic that nobody spoke of.
    """
    addresses = [a for a in ip.kept_addresses if version_of(a.interface) != version or _fits(a, ip, hosts)]
    routes = [
        _through(route, ip, gateway) if version_of(route.destination) == version else route
        for route in ip.kept_routes
        if version_of(route.destination) != version or _stays(route, hosts)
    ]
    return replace(ip, kept_addresses=tuple(addresses), kept_routes=tuple(route for route in routes if route))


def _fits(kept: KeptAddress, ip: IPConfiguration, hosts: Collection[str]) -> bool:
    """An address that the wire tells of stays with its details, or goes; others go with the last of them."""
    own = kept.interface.partition("/")[0]
    is_told = own == ip.IP or kept.interface in ip.IPv6
    return own in hosts if is_told else bool(hosts)


def _stays(route: KeptRoute, hosts: Collection[str]) -> bool:
    return bool(hosts) and (not route.source or route.source in hosts)


def _through(route: KeptRoute, ip: IPConfiguration, gateway: str) -> KeptRoute | None:
    """The default route through the PIF's gateway follows it."""
    old = ip.gateway if version_of(route.destination) == 4 else ip.ipv6_gateway
    if not is_main_default(route) or not old or route.gateway != old or gateway == old:
        return route
    return replace(route, gateway=gateway, source="", rest="") if gateway else None
