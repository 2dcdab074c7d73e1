"""Two PIFs become one: which IP configuration stands in the end, each family for itself.

Two configurations of one family are refused where a caller can be told (create, step 2); at start-up
management's wins, because the host is reached by it.
"""

from collections.abc import Mapping
from dataclasses import replace

from agent.model.records import PIF, AddressType, IPConfiguration, IPMode
from agent.model.static_routes import STATIC_ROUTES, format_static_routes, parse_static_routes
from agent.rules.ipv4 import dns_servers
from agent.rules.pif import ip_keys, without_ip_keys

FAMILIES = (4, 6)


def with_ip_of(winner: PIF, loser: PIF) -> PIF:
    """A PIF with the families that another leaves behind."""
    taken = [version for version in FAMILIES if takes(winner, loser, version)]
    kept = [version for version in FAMILIES if version not in taken and is_configured(winner, version)]
    if not taken:
        return winner
    if not kept:
        both = {**without_ip_keys(winner), **ip_keys(loser)}
        return replace(winner, ip_configuration=loser.ip_configuration, other_config=both)
    return replace(
        winner,
        ip_configuration=_merged(winner, loser, taken),
        other_config=_with_routes(winner, loser, taken),
    )


def takes(winner: PIF, loser: PIF, version: int) -> bool:
    """Whether the loser's configuration of a family stands in the end."""
    return is_configured(loser, version) and (not is_configured(winner, version) or loser.management)


def is_configured(pif: PIF, version: int) -> bool:
    ip = pif.ip_configuration
    mode = ip.ipv6_configuration_mode if version == 6 else ip.ip_configuration_mode
    return mode != IPMode.NONE


def in_words(pif: PIF, version: int) -> str:
    """A family's configuration as a person says it: `192.0.2.10/255.255.255.0, gateway 192.0.2.1`."""
    ip = pif.ip_configuration
    if version == 4:
        parts = [f"{ip.IP}/{ip.netmask}" if ip.IP else "", f"gateway {ip.gateway}" if ip.gateway else ""]
        mode = ip.ip_configuration_mode
    else:
        parts = [*ip.IPv6, f"gateway {ip.ipv6_gateway}" if ip.ipv6_gateway else ""]
        mode = ip.ipv6_configuration_mode
    return ", ".join(part for part in parts if part) or str(mode)


def _merged(winner: PIF, loser: PIF, taken: list[int]) -> IPConfiguration:
    """Some families from each; and the name servers of both, but for those of a family that is dropped."""
    own, other = winner.ip_configuration, loser.ip_configuration
    lost = [version for version in FAMILIES if version not in taken and is_configured(loser, version)]
    servers = [server for server in dns_servers(own.DNS) if _version(server) not in taken]
    servers += [server for server in dns_servers(other.DNS) if _version(server) not in lost]
    four, six = (other if version in taken else own for version in FAMILIES)
    return IPConfiguration(
        ip_configuration_mode=four.ip_configuration_mode,
        IP=four.IP,
        netmask=four.netmask,
        gateway=four.gateway,
        DNS=",".join(dict.fromkeys(servers)),
        ipv6_configuration_mode=six.ipv6_configuration_mode,
        IPv6=six.IPv6,
        ipv6_gateway=six.ipv6_gateway,
        primary_address_type=_preferred(winner, loser),
    )


def _preferred(winner: PIF, loser: PIF) -> AddressType:
    """Management's own family, by which the host is reached; else the winner's."""
    return (loser if loser.management else winner).ip_configuration.primary_address_type


def _with_routes(winner: PIF, loser: PIF, taken: list[int]) -> Mapping[str, str]:
    """The winner's other_config, with the routes of the families that it takes, and keys that it lacks."""
    own, other = (parse_static_routes(pif.other_config) for pif in (winner, loser))
    routes = [route for route in own if _version(route[1]) not in taken]
    routes += [route for route in other if _version(route[1]) in taken]
    keys = {**ip_keys(loser), **winner.other_config}
    keys.pop(STATIC_ROUTES, None)
    return {**keys, STATIC_ROUTES: format_static_routes(routes)} if routes else keys


def _version(address: str) -> int:
    return 6 if ":" in address else 4
