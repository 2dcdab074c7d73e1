"""What a tunnel needs of its transport PIF: an address to run from, and room for what is wrapped."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from agent.errors import InvalidValue, TransportPIFNotConfigured
from agent.model.model import Model, tunnels_on
from agent.model.mtu import room_in
from agent.model.records import PIF, IPMode, Tunnel
from agent.model.tunnels import REMOTE_IPS, address_of, local_address

LEAST_MTU = 1280
"""Bytes that every link must carry for IPv6 (RFC 8200, section 5)."""

Address = IPv4Address | IPv6Address


def check_transport(model: Model, tunnel: Tunnel) -> None:
    """The transport PIF has an IP configuration that serves the tunnel, of either family, and room in it.

    XenAPI looks at IPv4 alone, and so refuses a transport that has only IPv6.
    """
    check_address(model, tunnel)
    check_room(model, tunnel)


def check_address(model: Model, tunnel: Tunnel) -> None:
    """The transport PIF has an address, in the family of the other ends if there are any."""
    if not local_address(model, tunnel):
        raise TransportPIFNotConfigured(tunnel.transport_PIF)


def check_room(model: Model, tunnel: Tunnel) -> None:
    """What fits into the tunnel is enough for IPv6."""
    room, device = room_in(model, tunnel), model.get(tunnel.transport_PIF).device
    if room < LEAST_MTU:
        words = f"{room}: what {device} leaves in the tunnel is less than the {LEAST_MTU} that IPv6 needs"
        raise InvalidValue("MTU", words)


def check_tunnels_stay(model: Model, transport: PIF) -> None:
    """No plugged tunnel loses the address that it runs from, or its room, by what was changed."""
    for tunnel in tunnels_on(model, transport.ref):
        if model.get(tunnel.access_PIF).currently_attached:
            check_transport(model, tunnel)


def check_remote_ips(model: Model, tunnel: Tunnel) -> None:
    """The other ends are hosts' addresses, not its own, of one family, which the transport PIF has."""
    text = tunnel.other_config.get(REMOTE_IPS, "")
    addresses = [_host(text, part.strip()) for part in text.split(",") if part.strip()]
    if not addresses:
        return
    if len({address.version for address in addresses}) > 1:
        raise _invalid(text, "IPv4 and IPv6 are mixed")
    transport = model.get(tunnel.transport_PIF)
    if not address_of(transport.ip_configuration, addresses[0].version):
        raise _invalid(text, f"{transport.device} has no IPv{addresses[0].version} address")
    own = own_addresses(transport)
    for address in addresses:
        if address in own:
            raise _invalid(text, f"{address} is this end's own")


def own_addresses(pif: PIF) -> set[Address]:
    """The static addresses of a PIF, of both families."""
    ip = pif.ip_configuration
    four = [ip.IP] if ip.ip_configuration_mode == IPMode.STATIC else []
    six = ip.IPv6 if ip.ipv6_configuration_mode == IPMode.STATIC else ()
    return {ip_address(text.partition("/")[0]) for text in (*four, *six) if text}


def _host(text: str, part: str) -> Address:
    try:
        address = ip_address(part)
    except ValueError:
        raise _invalid(text, f"{part} is no IP address") from None
    nobodys = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    if nobodys or part == "255.255.255.255" or getattr(address, "ipv4_mapped", None) is not None:
        raise _invalid(text, f"{part} is no host's address")
    return address


def _invalid(text: str, why: str) -> InvalidValue:
    return InvalidValue("other_config", f"{REMOTE_IPS} = {text}: {why}")
