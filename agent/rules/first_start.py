"""The first start on a host: what the model is to be when the store is empty."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_interface

from agent.errors import CannotTakeOver
from agent.model.draft import Draft, Plan
from agent.model.facts import NIC, Facts
from agent.model.model import Model
from agent.model.records import PIF, AddressType, Host, IPConfiguration, IPMode, Pool
from agent.model.static_routes import STATIC_ROUTES, format_static_routes
from agent.rules.pif import add_physical


def first_start(hostname: str, facts: Facts, seed: bytes = b"") -> Plan:
    """Every NIC gets its PIF and network; those with an address are plugged with it, one is management."""
    check_no_leftovers(facts.owned)
    check_supported(facts.nics)
    draft = Draft(Model(seed=seed))
    host = draft.put(Host(uuid=draft.new_uuid(), name_label=hostname, hostname=hostname))
    draft.put(Pool(uuid=draft.new_uuid(), master=host.ref))
    management = management_nic(facts.nics)
    free = IPConfiguration(primary_address_type=family_of(management) if management else AddressType.IPV4)
    for nic in facts.nics:
        pif = draft.put(replace(add_physical(draft, host, nic), ip_configuration=free))
        if is_taken_over(nic):
            take_over(draft, pif, nic, facts.nameservers if nic == management else ())
        if nic == management:
            draft.put(replace(draft.model.get(pif.ref), management=True))
    return Plan(Model(), draft.model)


def management_nic(nics: Sequence[NIC]) -> NIC | None:
    """The NIC that carries the default route, else the first with an address."""
    usable = [nic for nic in nics if is_taken_over(nic)]
    routed = [nic for nic in usable if nic.gateway] + [nic for nic in usable if nic.ipv6_gateway]
    return next(iter([*routed, *usable]), None)


def is_taken_over(nic: NIC) -> bool:
    """Whether the NIC has an address that its PIF is to hold, and is nobody else's."""
    return bool(nic.addresses) and not nic.in_use


def check_no_leftovers(owned: Sequence[str]) -> None:
    """Devices of pifd's without their model: to go on would delete them, and the host's address with them."""
    if owned:
        raise CannotTakeOver(
            ", ".join(owned), "made by a pifd whose store is not here: put it back, or delete the device"
        )


def check_supported(nics: Sequence[NIC]) -> None:
    """Refuse a host with an address or a route that would be lost: it might be the one it is reached by."""
    for nic in nics:
        if is_taken_over(nic) and nic.unsupported:
            raise CannotTakeOver(nic.device, ", ".join(nic.unsupported))


def take_over(draft: Draft, pif: PIF, nic: NIC, nameservers: Sequence[str]) -> None:
    """The PIF is plugged, with the static configuration that the NIC has."""
    other_config = {STATIC_ROUTES: format_static_routes(nic.routes)} if nic.routes else {}
    draft.put(
        replace(
            pif,
            currently_attached=True,
            ip_configuration=configuration_of(nic, nameservers),
            other_config=other_config,
        )
    )


def configuration_of(nic: NIC, nameservers: Sequence[str]) -> IPConfiguration:
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
        DNS=",".join(nameservers),
        ipv6_configuration_mode=IPMode.STATIC if ipv6 else IPMode.NONE,
        IPv6=ipv6,
        ipv6_gateway=nic.ipv6_gateway,
        primary_address_type=family_of(nic),
    )


def family_of(nic: NIC) -> AddressType:
    """IPv4 where the NIC has it.  NICs without addresses are as management's is: a bond takes no mixture."""
    return AddressType.IPV6 if all(":" in address for address in nic.addresses) else AddressType.IPV4
