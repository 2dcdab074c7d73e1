"""An IPv6 configuration as PIF.reconfigure_ipv6 takes it, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Interface

from agent.errors import InvalidCIDRAddressSpecified, InvalidIPAddressSpecified, InvalidValue
from agent.model.records import PIF, IPMode
from agent.rules.ipv4 import checked_dns


@dataclass(frozen=True, slots=True)
class IPv6Configuration:
    """What the caller asked for.  IPv6: addresses with prefix lengths; XenAPI has an empty one for none."""

    mode: IPMode
    IPv6: tuple[str, ...]
    gateway: str
    DNS: tuple[str, ...]


def checked_ipv6_configuration(
    mode: str, IPv6: str, gateway: str, DNS: str, others: Sequence[PIF]
) -> IPv6Configuration:
    """The configuration in canonical form; refuses in XenAPI's order, then what XenAPI lets pass."""
    if mode not in set(IPMode):
        raise InvalidValue("mode", mode)
    if mode in (IPMode.DHCP, IPMode.AUTOCONF):
        raise InvalidValue("mode", f"{mode}: this version of pifd only has None and Static")
    router = checked_address("gateway", gateway) if gateway else None
    own = checked_interface(IPv6) if IPv6 or mode == IPMode.STATIC else None
    servers = checked_dns(DNS)
    if mode == IPMode.NONE or own is None:
        return IPv6Configuration(IPMode.NONE, (), "", servers)
    check_static(own, router, others)
    return IPv6Configuration(IPMode.STATIC, (own.with_prefixlen,), str(router or ""), servers)


def checked_address(name: str, value: str) -> IPv6Address:
    """An address without a zone: the device is the PIF's."""
    try:
        address = IPv6Address(value)
    except ValueError:
        raise InvalidIPAddressSpecified(name) from None
    if address.scope_id is not None:
        raise InvalidIPAddressSpecified(name)
    return address


def checked_interface(value: str) -> IPv6Interface:
    """An address with its prefix length, which is never guessed."""
    try:
        interface = IPv6Interface(value)
    except ValueError:
        raise InvalidCIDRAddressSpecified("IPv6") from None
    if "/" not in value or interface.scope_id is not None:
        raise InvalidCIDRAddressSpecified("IPv6")
    return interface


def check_static(own: IPv6Interface, gateway: IPv6Address | None, others: Sequence[PIF]) -> None:
    """A host's address that no other PIF has, with the gateway, if any, in its subnet or link-local.

    A link-local address is refused: a bridge with an IP configuration has one already.
    """
    if not is_host(own.ip) or own.ip.is_link_local or not is_host_of_subnet(own):
        raise InvalidCIDRAddressSpecified("IPv6")
    if any(own.ip in addresses_of(other) for other in others):
        raise InvalidCIDRAddressSpecified("IPv6")
    if gateway is None:
        return
    near = gateway.is_link_local or gateway in own.network
    if gateway == own.ip or not is_host(gateway) or not near:
        raise InvalidIPAddressSpecified("gateway")


def is_host(address: IPv6Address) -> bool:
    """Whether the address can be one interface's."""
    special = address.is_multicast or address.is_loopback or address.is_unspecified
    return not special and address.ipv4_mapped is None


def is_host_of_subnet(own: IPv6Interface) -> bool:
    """The first address of a subnet is its routers' (RFC 4291, 2.6.1), but for a /127 or /128 (RFC 6164)."""
    if own.network.prefixlen == 0:
        return False
    return own.network.prefixlen >= 127 or own.ip != own.network.network_address


def addresses_of(pif: PIF) -> frozenset[IPv6Address]:
    ip = pif.ip_configuration
    texts = ip.IPv6 if ip.ipv6_configuration_mode == IPMode.STATIC else ()
    return frozenset(IPv6Interface(text).ip for text in texts if text)
