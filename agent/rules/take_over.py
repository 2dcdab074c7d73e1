"""Taking a NIC over that is in use: its PIF is plugged, with everything that the NIC has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_interface

from agent.model.addresses import DEFAULT_DESTINATIONS, DEFAULT_METRICS, MAIN_TABLE
from agent.model.draft import Draft
from agent.model.facts import NIC
from agent.model.records import PIF, AddressType, IPConfiguration, IPMode, KeptRoute
from agent.model.static_routes import STATIC_ROUTES, format_static_routes


def is_taken_over(nic: NIC) -> bool:
    """Whether the NIC carries something that has to stay reachable, and is nobody else's.

    One that is down carries nothing, whatever addresses it has: it is left as it is until it is plugged.
    """
    return nic.up and nic.carries and not nic.is_others


def take_over(
    draft: Draft, pif: PIF, nic: NIC, nameservers: Sequence[str] = (), *, management: bool = False
) -> PIF:
    """The PIF is plugged, with the configuration that the NIC has."""
    other_config = {STATIC_ROUTES: format_static_routes(nic.routes)} if nic.routes else {}
    return draft.put(
        replace(
            pif,
            currently_attached=True,
            ip_configuration=configuration_of(nic, nameservers, management=management),
            other_config=other_config,
        )
    )


def configuration_of(nic: NIC, nameservers: Sequence[str], *, management: bool) -> IPConfiguration:
    """The addresses, gateways and name servers of a NIC as XenAPI writes them.

    An address that has a lifetime (DHCP, router advertisement) is kept: the host may be reached by it.
    """
    ipv4 = next((ip_interface(a) for a in nic.addresses if ":" not in a), None)
    ipv6 = tuple(address for address in nic.addresses if ":" in address)
    return IPConfiguration(
        ip_configuration_mode=IPMode.STATIC if ipv4 else IPMode.NONE,
        IP=str(ipv4.ip) if ipv4 else "",
        netmask=str(ipv4.netmask) if ipv4 else "",
        gateway=nic.gateway,
        DNS=",".join(server.removesuffix(f"%{nic.device}") for server in nameservers),
        ipv6_configuration_mode=IPMode.STATIC if ipv6 else IPMode.NONE,
        IPv6=ipv6,
        ipv6_gateway=nic.ipv6_gateway,
        primary_address_type=family_of(nic),
        kept_addresses=nic.kept_addresses,
        kept_routes=(*nic.kept_routes, *(() if management else plain_defaults(nic))),
    )


def plain_defaults(nic: NIC) -> Iterator[KeptRoute]:
    """The default routes that the gateways say all of.  Only management's is taken for that alone."""
    kept = {route.gateway for route in nic.kept_routes}
    for version, gateway in ((4, nic.gateway), (6, nic.ipv6_gateway)):
        if gateway and gateway not in kept:
            yield KeptRoute(DEFAULT_DESTINATIONS[version], gateway, DEFAULT_METRICS[version], MAIN_TABLE)


def family_of(nic: NIC) -> AddressType:
    """IPv4 where the NIC has it.  NICs without addresses are as management's is: a bond takes no mixture."""
    if not nic.addresses:
        return AddressType.IPV6 if nic.metric is None and nic.ipv6_metric is not None else AddressType.IPV4
    return AddressType.IPV6 if all(":" in address for address in nic.addresses) else AddressType.IPV4
