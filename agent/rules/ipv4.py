"""An IPv4 configuration as PIF.reconfigure_ip takes it, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, ip_address

from agent.errors import InvalidIPAddressSpecified, InvalidValue
from agent.model.records import PIF, IPMode


@dataclass(frozen=True, slots=True)
class IPv4Configuration:
    """What the caller asked for."""

    mode: IPMode
    IP: str
    netmask: str
    gateway: str
    DNS: tuple[str, ...]


def checked_ip_configuration(
    mode: str, IP: str, netmask: str, gateway: str, DNS: str, others: Sequence[PIF]
) -> IPv4Configuration:
    """The configuration in canonical form; refuses in XenAPI's order, then what XenAPI lets pass."""
    if mode not in (IPMode.NONE, IPMode.DHCP, IPMode.STATIC):
        raise InvalidValue("mode", mode)
    if mode == IPMode.DHCP:
        raise InvalidValue("mode", f"{mode}: this version of pifd only has None and Static")
    values = {"IP": IP, "netmask": netmask, "gateway": gateway}
    for name, value in values.items():
        required = mode == IPMode.STATIC and name != "gateway"
        if value or required:
            check_address(name, value)
    servers = checked_dns(DNS)
    if mode == IPMode.NONE:
        return IPv4Configuration(IPMode.NONE, "", "", "", servers)
    check_static(IP, netmask, gateway, others)
    return IPv4Configuration(IPMode.STATIC, IP, netmask, gateway, servers)


def check_address(name: str, value: str) -> None:
    """A dotted quad."""
    try:
        IPv4Address(value)
    except AddressValueError:
        raise InvalidIPAddressSpecified(name) from None


def checked_dns(DNS: str) -> tuple[str, ...]:
    """The name servers of a comma-separated list; each must be an address of either family."""
    servers = dns_servers(DNS)
    for server in servers:
        try:
            ip_address(server)
        except ValueError:
            raise InvalidIPAddressSpecified("DNS") from None
    return servers


def dns_servers(DNS: str) -> tuple[str, ...]:
    """PIF.DNS as a list."""
    return tuple(server.strip() for server in DNS.split(",") if server.strip())


def check_static(IP: str, netmask: str, gateway: str, others: Sequence[PIF]) -> None:
    """A host's address in a subnet of its own, with the gateway, if any, another host of that subnet."""
    try:
        interface = IPv4Interface(f"{IP}/{netmask}")
    except ValueError:
        raise InvalidIPAddressSpecified("netmask") from None
    if interface.network.prefixlen == 0:
        raise InvalidIPAddressSpecified("netmask")
    if not is_host_of(interface.ip, interface) or any(
        other.ip_configuration.ip_configuration_mode == IPMode.STATIC and other.ip_configuration.IP == IP
        for other in others
    ):
        raise InvalidIPAddressSpecified("IP")
    if gateway and (gateway == IP or not is_host_of(IPv4Address(gateway), interface)):
        raise InvalidIPAddressSpecified("gateway")


def is_host_of(address: IPv4Address, interface: IPv4Interface) -> bool:
    """Whether the address can be a host's in the interface's subnet (RFC 3021 allows both of a /31)."""
    network = interface.network
    ends = {network.network_address, network.broadcast_address} if network.prefixlen < 31 else set()
    special = address.is_multicast or address.is_loopback or address.is_unspecified
    return address in network and address not in ends and not special
