"""The PIF calls for addresses: reconfigure_ip, reconfigure_ipv6, set_primary_address_type."""

from dataclasses import replace

from agent.errors import (
    Failure,
    InvalidCIDRAddressSpecified,
    InvalidIPAddressSpecified,
    InvalidValue,
    PIFAlreadyBonded,
    PIFIsManagementInterface,
)
from agent.model.draft import Draft, Plan
from agent.model.model import Model, pifs_of, tunnels_on
from agent.model.records import PIF, AddressType, IPConfiguration, IPMode, Ref
from agent.model.tunnels import remote_ips
from agent.rules.ipv4 import checked_ip_configuration, dns_servers
from agent.rules.ipv6 import checked_ipv6_configuration
from agent.rules.kept import still_kept
from agent.rules.plugging import check_managed, check_not_management
from agent.rules.transport import check_tunnels_stay


def reconfigure_ip(
    model: Model, self: Ref[PIF], mode: str, IP: str, netmask: str, gateway: str, DNS: str
) -> Plan:
    """Give a PIF its IPv4 configuration, None or Static (XenAPI, PIF.reconfigure_ip).

    Refused beyond XenAPI's checks, because the host would be unreachable or the value dropped silently:
    a slave, a gateway outside the subnet, an address that another PIF has, a name server that is none.
    """
    pif = reconfigurable(model, self)
    wanted = checked_ip_configuration(mode, IP, netmask, gateway, DNS, others(model, pif))
    check_management_keeps(pif, AddressType.IPV4, wanted.mode)
    kept = [server for server in dns_servers(pif.ip_configuration.DNS) if ":" in server]
    new = replace(
        still_kept(pif.ip_configuration, 4, {wanted.IP} - {""}, wanted.gateway),
        ip_configuration_mode=wanted.mode,
        IP=wanted.IP,
        netmask=wanted.netmask,
        gateway=wanted.gateway,
        DNS=joined(*wanted.DNS, *kept),
    )
    return configured(model, pif, new, wanted.IP, InvalidIPAddressSpecified("IP"))


def reconfigure_ipv6(model: Model, self: Ref[PIF], mode: str, IPv6: str, gateway: str, DNS: str) -> Plan:
    """Give a PIF its IPv6 configuration, None or Static with one address (XenAPI, PIF.reconfigure_ipv6).

    Refused beyond XenAPI's checks: what reconfigure_ip refuses, and Static without an address.
    """
    pif = reconfigurable(model, self)
    wanted = checked_ipv6_configuration(mode, IPv6, gateway, DNS, others(model, pif))
    check_management_keeps(pif, AddressType.IPV6, wanted.mode)
    kept = [server for server in dns_servers(pif.ip_configuration.DNS) if ":" not in server]
    hosts = {interface.partition("/")[0] for interface in wanted.IPv6}
    new = replace(
        still_kept(pif.ip_configuration, 6, hosts, wanted.gateway),
        ipv6_configuration_mode=wanted.mode,
        IPv6=wanted.IPv6,
        ipv6_gateway=wanted.gateway,
        DNS=joined(*kept, *wanted.DNS),
    )
    own = "".join(wanted.IPv6).partition("/")[0]
    return configured(model, pif, new, own, InvalidCIDRAddressSpecified("IPv6"))


def set_primary_address_type(model: Model, self: Ref[PIF], primary_address_type: str) -> Plan:
    """Which family the PIF prefers: as management, in a bond, and for tunnels that name no other ends.

    Beyond XenAPI a slave is refused: a bond has its address family from its master.
    """
    pif = model.find(PIF, self)
    if primary_address_type not in set(AddressType):
        raise InvalidValue("primary_address_type", primary_address_type)
    check_reconfigurable(pif)
    check_not_management(pif)
    preferred = AddressType(primary_address_type)
    draft = Draft(model)
    changed = draft.put(
        replace(pif, ip_configuration=replace(pif.ip_configuration, primary_address_type=preferred))
    )
    check_tunnels_stay(draft.model, changed)
    return Plan(model, draft.model)


def reconfigurable(model: Model, self: Ref[PIF]) -> PIF:
    """The PIF, if its addresses are its own and pifd's."""
    pif = model.find(PIF, self)
    check_reconfigurable(pif)
    return pif


def check_reconfigurable(pif: PIF) -> None:
    """A managed PIF that is no slave: a slave's master has the addresses (create, step 12)."""
    check_managed(pif)
    if pif.bond_slave_of is not None:
        raise PIFAlreadyBonded(pif.ref)


def check_management_keeps(pif: PIF, family: AddressType, mode: IPMode) -> None:
    """The management interface has an address in the family that it prefers."""
    prefers = pif.ip_configuration.primary_address_type == family
    if pif.management and prefers and mode == IPMode.NONE:
        raise PIFIsManagementInterface(pif.ref)


def configured(model: Model, pif: PIF, ip: IPConfiguration, address: str, taken: Failure) -> Plan:
    """The PIF with this configuration; its tunnels can run from the address, which no other end has."""
    draft = Draft(model)
    changed = draft.put(replace(pif, ip_configuration=ip))
    check_tunnels_stay(draft.model, changed)
    if any(address in remote_ips(tunnel) for tunnel in tunnels_on(draft.model, pif.ref)):
        raise taken
    return Plan(model, draft.model)


def others(model: Model, pif: PIF) -> list[PIF]:
    """The host's other PIFs."""
    return [other for other in pifs_of(model, pif.host) if other.ref != pif.ref]


def joined(*servers: str) -> str:
    """PIF.DNS of a list, each server once."""
    return ",".join(dict.fromkeys(servers))
