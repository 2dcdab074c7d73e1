"""The fields of XenAPI's records that follow from other records, or from the machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.api.tunnel_status import tunnel_status
from agent.model import (
    Model,
    bond_of_master,
    management_of,
    pifs_of,
    pifs_on,
    slaves,
    tunnel_over,
    tunnels_on,
    vifs_of,
    vifs_on,
    vlan_over,
    vlans_on,
)
from agent.mtu import MTU_of
from agent.record import (
    PIF,
    VIF,
    VLAN,
    VM,
    AddressType,
    Bond,
    Host,
    Network,
    Pool,
    PowerState,
    Record,
    Ref,
    Tunnel,
    VMGuestMetrics,
)
from agent.rules.vm import hosts_for


@dataclass(frozen=True, slots=True)
class View:
    """What a computed field is computed from.

    links_up: the names of the devices that have carrier.  failures: the PIFs and VIFs that should be up and
    are not, with the reason.
    """

    model: Model
    links_up: frozenset[str] = frozenset()
    failures: Mapping[Ref[Any], str] = field(default_factory=dict)


def computed_fields(view: View, record: Record) -> dict[str, object]:
    """The computed fields of a record; one of the record's own of the same name gives way to it."""
    return {name: compute(view, record) for name, compute in COMPUTED[type(record)].items()}


def network_PIFs(view: View, network: Network) -> object:
    return [pif.ref for pif in pifs_on(view.model, network.ref)]


def network_VIFs(view: View, network: Network) -> object:
    return [vif.ref for vif in vifs_on(view.model, network.ref)]


def is_attached(view: View, pif: PIF) -> object:
    """Whether the PIF is up: one that could not be had at a start is not, although it ought to be."""
    return pif.currently_attached and pif.ref not in view.failures


def packet_size(view: View, pif: PIF) -> object:
    return MTU_of(view.model, pif)


def bond_master_of(view: View, pif: PIF) -> object:
    bond = bond_of_master(view.model, pif)
    return [] if bond is None else [bond.ref]


def VLAN_master_of(view: View, pif: PIF) -> object:
    vlan = vlan_over(view.model, pif)
    return None if vlan is None else vlan.ref


def VLAN_slave_of(view: View, pif: PIF) -> object:
    return [vlan.ref for vlan in vlans_on(view.model, pif.ref)]


def tunnel_access_PIF_of(view: View, pif: PIF) -> object:
    tunnel = tunnel_over(view.model, pif)
    return [] if tunnel is None else [tunnel.ref]


def tunnel_transport_PIF_of(view: View, pif: PIF) -> object:
    return [tunnel.ref for tunnel in tunnels_on(view.model, pif.ref)]


def bond_slaves(view: View, bond: Bond) -> object:
    return [pif.ref for pif in slaves(view.model, bond)]


def bond_links_up(view: View, bond: Bond) -> object:
    return sum(pif.device in view.links_up for pif in slaves(view.model, bond))


def status_of_tunnel(view: View, tunnel: Tunnel) -> object:
    access = view.model.get(tunnel.access_PIF)
    return tunnel_status(tunnel, access.device, is_attached(view, access) is True, view.links_up)


def host_PIFs(view: View, host: Host) -> object:
    return [pif.ref for pif in pifs_of(view.model, host.ref)]


def host_address(view: View, host: Host) -> object:
    """The management interface's address in the family that it prefers, without the prefix length."""
    pif = management_of(view.model, host.ref)
    if pif is None:
        return ""
    ip = pif.ip_configuration
    if ip.primary_address_type == AddressType.IPV4:
        return ip.IP
    return next((address.partition("/")[0] for address in ip.IPv6), "")


def resident_VMs(view: View, host: Host) -> object:
    return [vm.ref for vm in view.model.all(VM) if resident_on(view, vm) == host.ref]


def resident_on(view: View, vm: VM) -> object:
    """A suspended VM is nowhere, as in XenAPI; the record alone knows where it was suspended."""
    return None if vm.power_state == PowerState.SUSPENDED else vm.resident_on


def possible_hosts(view: View, vm: VM) -> object:
    """Those that were named, else every host."""
    return list(hosts_for(view.model, vm))


def VM_VIFs(view: View, vm: VM) -> object:
    return [vif.ref for vif in vifs_of(view.model, vm.ref)]


def status_code(view: View, vif: VIF) -> object:
    """XenAPI's "code associated with the last attach operation": 0, or 1 where status_detail says why."""
    return int(vif.ref in view.failures)


def status_detail(view: View, vif: VIF) -> object:
    return view.failures.get(vif.ref, "")


COMPUTED: Mapping[type[Record], Mapping[str, Callable[[View, Any], object]]] = {
    Pool: {},
    Host: {"address": host_address, "PIFs": host_PIFs, "resident_VMs": resident_VMs},
    Network: {"PIFs": network_PIFs, "VIFs": network_VIFs},
    PIF: {
        "currently_attached": is_attached,
        "MTU": packet_size,
        "bond_master_of": bond_master_of,
        "VLAN_master_of": VLAN_master_of,
        "VLAN_slave_of": VLAN_slave_of,
        "tunnel_access_PIF_of": tunnel_access_PIF_of,
        "tunnel_transport_PIF_of": tunnel_transport_PIF_of,
    },
    Bond: {"slaves": bond_slaves, "links_up": bond_links_up},
    VLAN: {},
    Tunnel: {"status": status_of_tunnel},
    VM: {"resident_on": resident_on, "possible_hosts": possible_hosts, "VIFs": VM_VIFs},
    VMGuestMetrics: {},
    VIF: {"status_code": status_code, "status_detail": status_detail},
}

SHOW_LINKS: frozenset[type[Record]] = frozenset({Bond, Tunnel})
"""The classes with a field that is computed from View.links_up."""
