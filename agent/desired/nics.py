"""Which devices count as NICs, and what a rule may know of them."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_interface

from agent.kernel.resolv_conf_text import nameservers_of
from agent.kernel.state import (
    DEFAULT_DESTINATIONS,
    MAIN_TABLE,
    MULTIPATH,
    NIC_KINDS,
    Address,
    KernelState,
    Link,
    Route,
)
from agent.model.facts import NIC, Facts


def facts_of(state: KernelState, patterns: Sequence[str]) -> Facts:
    """The NICs by shell patterns of their names; without patterns, the devices with hardware behind them."""
    nics = tuple(_nic(state, link) for _, link in sorted(state.links.items()) if _counts(link, patterns))
    owned = tuple(name for name, link in sorted(state.links.items()) if link.owned)
    return Facts(nics, owned, nameservers_of(state.resolver or ""))


def _counts(link: Link, patterns: Sequence[str]) -> bool:
    if link.kind not in NIC_KINDS or link.owned or link.name == "lo":
        return False
    return any(fnmatchcase(link.name, pattern) for pattern in patterns) if patterns else link.hardware


def _nic(state: KernelState, link: Link) -> NIC:
    addresses = state.addresses_of(link.name)
    routes = sorted(route for route in state.routes if route.link == link.name)
    default = {version: _default_gateway(routes, version) for version in (4, 6)}
    return NIC(
        device=link.name,
        MAC=link.original_MAC or link.MAC,
        MTU=link.MTU,
        addresses=tuple(address.interface for address in addresses),
        gateway=default[4],
        ipv6_gateway=default[6],
        leased=tuple(address.interface for address in addresses if address.leased),
        routes=tuple((r.destination, r.gateway) for r in routes if not _is_default(r) and not r.leased),
        in_use=_in_use(state, link),
        gro=link.gro,
        unsupported=tuple(_unsupported(addresses, routes)),
    )


def _default_gateway(routes: Sequence[Route], version: int) -> str:
    """The gateway of the default route that the kernel would take, with the lowest metric."""
    default = [r for r in routes if r.destination == DEFAULT_DESTINATIONS[version] and r.table == MAIN_TABLE]
    return min(default, key=lambda route: route.metric).gateway if default else ""


def _is_default(route: Route) -> bool:
    return route.destination in DEFAULT_DESTINATIONS.values()


def _in_use(state: KernelState, link: Link) -> str:
    """The foreign device that has this one as its port or sits on it; empty for none."""
    master = state.links.get(link.master)
    if master is not None and not master.owned:
        return master.name
    above = (other.name for other in state.links.values() if other.lower == link.name and not other.owned)
    return next(above, "")


def _unsupported(addresses: Sequence[Address], routes: Sequence[Route]) -> Iterator[str]:
    """What a PIF can't hold."""
    ipv4 = [address.interface for address in addresses if address.version == 4]
    yield from (f"a second IPv4 address, {interface}" for interface in ipv4[1:])
    yield from (f"{i} has no subnet" for i in ipv4 if ip_interface(i).network.prefixlen == 32)
    for route in routes:
        if route.table != MAIN_TABLE:
            yield f"a route to {route.destination} in table {route.table}"
        elif route.gateway in ("", MULTIPATH):
            yield f"a route to {route.destination} {route.gateway or 'without gateway'}"
