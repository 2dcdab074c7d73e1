"""The fields of XenAPI's records that follow from other records, or from the machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.api.sessions.session import Session
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics, metrics_of
from agent.api.views.tunnel_status import tunnel_status
from agent.model.model import (
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
from agent.model.mtu import mtu_of
from agent.model.records import (
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
from agent.rules import vif as vif_rules
from agent.rules import vm as vm_rules
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


def network_pifs(view: View, network: Network) -> list[Ref[PIF]]:
    return [pif.ref for pif in pifs_on(view.model, network.ref)]


def network_vifs(view: View, network: Network) -> list[Ref[VIF]]:
    return [vif.ref for vif in vifs_on(view.model, network.ref)]


def is_attached(view: View, pif: PIF) -> bool:
    """Whether the PIF is up: one that could not be had at a start is not, although it ought to be."""
    return pif.currently_attached and pif.ref not in view.failures


def packet_size(view: View, pif: PIF) -> int:
    return mtu_of(view.model, pif)


def bond_master_of(view: View, pif: PIF) -> list[Ref[Bond]]:
    bond = bond_of_master(view.model, pif)
    return [] if bond is None else [bond.ref]


def vlan_master_of(view: View, pif: PIF) -> Ref[VLAN] | None:
    vlan = vlan_over(view.model, pif)
    return None if vlan is None else vlan.ref


def vlan_slave_of(view: View, pif: PIF) -> list[Ref[VLAN]]:
    return [vlan.ref for vlan in vlans_on(view.model, pif.ref)]


def tunnel_access_pif_of(view: View, pif: PIF) -> list[Ref[Tunnel]]:
    tunnel = tunnel_over(view.model, pif)
    return [] if tunnel is None else [tunnel.ref]


def tunnel_transport_pif_of(view: View, pif: PIF) -> list[Ref[Tunnel]]:
    return [tunnel.ref for tunnel in tunnels_on(view.model, pif.ref)]


def PIF_metrics(view: View, pif: PIF) -> Ref[PIFMetrics]:
    return metrics_of(view.model, pif)


def bond_slaves(view: View, bond: Bond) -> list[Ref[PIF]]:
    return [pif.ref for pif in slaves(view.model, bond)]


def bond_links_up(view: View, bond: Bond) -> int:
    return sum(pif.device in view.links_up for pif in slaves(view.model, bond))


def status_of_tunnel(view: View, tunnel: Tunnel) -> Mapping[str, str]:
    access = view.model.get(tunnel.access_PIF)
    return tunnel_status(tunnel, access.device, is_attached(view, access), view.links_up)


def host_pifs(view: View, host: Host) -> list[Ref[PIF]]:
    return [pif.ref for pif in pifs_of(view.model, host.ref)]


def host_address(view: View, host: Host) -> str:
    """The management interface's address in the family that it prefers, without the prefix length."""
    pif = management_of(view.model, host.ref)
    if pif is None:
        return ""
    ip = pif.ip_configuration
    if ip.primary_address_type == AddressType.IPV4:
        return ip.IP
    return next((address.partition("/")[0] for address in ip.IPv6), "")


def resident_vms(view: View, host: Host) -> list[Ref[VM]]:
    return [vm.ref for vm in view.model.all(VM) if resident_on(view, vm) == host.ref]


def resident_on(view: View, vm: VM) -> Ref[Host] | None:
    """A suspended VM is nowhere, as in XenAPI; the record alone knows where it was suspended."""
    return None if vm.power_state == PowerState.SUSPENDED else vm.resident_on


def possible_hosts(view: View, vm: VM) -> list[Ref[Host]]:
    """Those that were named, else every host."""
    return list(hosts_for(view.model, vm))


def vm_vifs(view: View, vm: VM) -> list[Ref[VIF]]:
    return [vif.ref for vif in vifs_of(view.model, vm.ref)]


def operations_on_vm(view: View, vm: VM) -> Sequence[str]:
    return vm_rules.allowed_operations(vm)


def operations_on_vif(view: View, vif: VIF) -> Sequence[str]:
    return vif_rules.allowed_operations(view.model, vif)


def status_code(view: View, vif: VIF) -> int:
    """XenAPI's "code associated with the last attach operation": 0, or 1 where status_detail says why."""
    return int(vif.ref in view.failures)


def status_detail(view: View, vif: VIF) -> str:
    return view.failures.get(vif.ref, "")


def operations_on_task(view: View, task: Task) -> list[str]:
    """What can still be done with it: a call that runs can be stopped."""
    return [] if task.has_ended else ["cancel"]


def this_host(view: View, record: Session | Task) -> Ref[Host] | None:
    """The host that has the session, or works on the task: there is one."""
    return next((host.ref for host in view.model.all(Host)), None)


COMPUTED: Mapping[type[Record], Mapping[str, Callable[[View, Any], object]]] = {
    Pool: {},
    Host: {"address": host_address, "PIFs": host_pifs, "resident_VMs": resident_vms},
    Network: {"PIFs": network_pifs, "VIFs": network_vifs},
    PIF: {
        "currently_attached": is_attached,
        "MTU": packet_size,
        "metrics": PIF_metrics,
        "bond_master_of": bond_master_of,
        "VLAN_master_of": vlan_master_of,
        "VLAN_slave_of": vlan_slave_of,
        "tunnel_access_PIF_of": tunnel_access_pif_of,
        "tunnel_transport_PIF_of": tunnel_transport_pif_of,
    },
    Bond: {"slaves": bond_slaves, "links_up": bond_links_up},
    VLAN: {},
    Tunnel: {"status": status_of_tunnel},
    VM: {
        "resident_on": resident_on,
        "possible_hosts": possible_hosts,
        "VIFs": vm_vifs,
        "allowed_operations": operations_on_vm,
    },
    VMGuestMetrics: {},
    PIFMetrics: {},
    Session: {"this_host": this_host},
    Task: {"allowed_operations": operations_on_task, "resident_on": this_host},
    VIF: {
        "status_code": status_code,
        "status_detail": status_detail,
        "allowed_operations": operations_on_vif,
    },
}
