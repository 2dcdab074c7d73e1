"""The fields of XenAPI's records that follow from other records, or from the machine (agent.schema)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.api.sessions.sessions import Session
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics, metrics_of
from agent.model.device_names import tunnel_devices
from agent.model.model import (
    Model,
    bond_of_master,
    is_here,
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
from agent.model.model import this_host as host_here
from agent.model.mtu import mtu_of
from agent.model.records import (
    CLASSES,
    PIF,
    VIF,
    VM,
    AddressType,
    Bond,
    Host,
    PowerState,
    Record,
    Ref,
    Tunnel,
)
from agent.model.tunnels import remote_ips
from agent.rules import vif as vif_rules
from agent.rules import vm as vm_rules
from agent.rules.vm import hosts_for


@dataclass(frozen=True, slots=True)
class Heard:
    """live: whether a host is heard of.  last_published: when it has told anything of itself."""

    live: bool
    last_published: datetime


HERE_ALONE = Heard(live=True, last_published=datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True, slots=True)
class View:
    """What a computed field is computed from.

    links_up: the names of the devices that have carrier.  ports_up: of those the members of bonds that are in
    theirs.  failures: the PIFs and VIFs that should be up and are not, with the reason.  hosts: what is heard
    of the hosts of a pool.  deviations: PIFs and VIFs that are as far up as they are to be, and lack
    something.
    """

    model: Model
    links_up: frozenset[str] = frozenset()
    failures: Mapping[Ref[Any], str] = field(default_factory=dict)
    hosts: Mapping[Ref[Host], Heard] = field(default_factory=dict)
    deviations: Mapping[Ref[Any], str] = field(default_factory=dict)
    ports_up: frozenset[str] = frozenset()


Index = Callable[[Model, Any], Iterable[Record]]

BY: Mapping[str, Index] = {
    "PIF.host": lambda model, host: pifs_of(model, host.ref),
    "PIF.network": lambda model, network: pifs_on(model, network.ref),
    "VIF.network": lambda model, network: vifs_on(model, network.ref),
    "VIF.VM": lambda model, vm: vifs_of(model, vm.ref),
    "Bond.master": lambda model, pif: filter(None, [bond_of_master(model, pif)]),
    "VLAN.untagged_PIF": lambda model, pif: filter(None, [vlan_over(model, pif)]),
    "VLAN.tagged_PIF": lambda model, pif: vlans_on(model, pif.ref),
    "tunnel.access_PIF": lambda model, pif: filter(None, [tunnel_over(model, pif)]),
    "tunnel.transport_PIF": lambda model, pif: tunnels_on(model, pif.ref),
}
"""The model's indexes, by the field that refers to an object."""


def objects_by(by: str, model: Model, record: Record) -> Iterable[Record]:
    """The objects that refer to a record by a field of theirs, `Class.field`."""
    if by in BY:
        return BY[by](model, record)
    class_name, _, field = by.partition(".")
    kind = next(kind for kind in CLASSES if kind.class_name == class_name)
    return (one for one in model.all(kind) if getattr(one, field) == record.ref)


def is_attached(view: View, pif: PIF) -> bool:
    """Whether the PIF is up: one that failed to come up is not, although it ought to be."""
    return pif.currently_attached and pif.ref not in view.failures


def packet_size(view: View, pif: PIF) -> int:
    return mtu_of(view.model, pif)


def PIF_metrics(view: View, pif: PIF) -> Ref[PIFMetrics]:
    return metrics_of(view.model, pif)


def bond_slaves(view: View, bond: Bond) -> list[Ref[PIF]]:
    return [pif.ref for pif in slaves(view.model, bond)]


def bond_links_up(view: View, bond: Bond) -> int:
    own = (pif for pif in slaves(view.model, bond) if is_here(view.model, pif))
    return sum(pif.device in view.ports_up for pif in own)


def status_of_tunnel(view: View, tunnel: Tunnel) -> Mapping[str, str]:
    access = view.model.get(tunnel.access_PIF)
    return tunnel_status(tunnel, access.device, is_attached(view, access), view.links_up)


def host_address(view: View, host: Host) -> str:
    """The management interface's address in the family that it prefers, without the prefix length."""
    pif = management_of(view.model, host.ref)
    if pif is None:
        return ""
    ip = pif.ip_configuration
    if ip.primary_address_type == AddressType.IPV4:
        return ip.IP
    return next((address.partition("/")[0] for address in ip.IPv6), "")


def is_live(view: View, host: Host) -> bool:
    """This host is, to itself."""
    return not host.elsewhere or view.hosts.get(host.ref, HERE_ALONE).live


def last_published(view: View, host: Host) -> datetime:
    """1970 where it has published nothing, or there is no pool."""
    return view.hosts.get(host.ref, HERE_ALONE).last_published


def resident_vms(view: View, host: Host) -> list[Ref[VM]]:
    return [vm.ref for vm in view.model.all(VM) if resident_on(view, vm) == host.ref]


def resident_on(view: View, vm: VM) -> Ref[Host] | None:
    """A suspended VM is nowhere, as in XenAPI; the record alone knows where it was suspended."""
    return None if vm.power_state == PowerState.SUSPENDED else vm.resident_on


def possible_hosts(view: View, vm: VM) -> list[Ref[Host]]:
    """Those that were named, else every host."""
    return list(hosts_for(view.model, vm))


def operations_on_vm(view: View, vm: VM) -> Sequence[str]:
    return vm_rules.allowed_operations(vm)


def operations_on_vif(view: View, vif: VIF) -> Sequence[str]:
    return vif_rules.allowed_operations(view.model, vif)


def status_code(view: View, vif: VIF) -> int:
    """XenAPI's "code associated with the last attach operation": 0, or 1 where status_detail says why."""
    return int(vif.ref in view.failures)


def status_detail(view: View, port: PIF | VIF) -> str:
    """Why it is not up, or what it lacks; "" while all is well."""
    return view.failures.get(port.ref) or view.deviations.get(port.ref, "")


def operations_on_task(view: View, task: Task) -> list[str]:
    """What can still be done with it: a call that runs can be stopped."""
    return [] if task.has_ended else ["cancel"]


def this_host(view: View, record: Session | Task) -> Ref[Host] | None:
    """The host that has the session, or works on the task."""
    host = host_here(view.model)
    return None if host is None else host.ref


COMPUTED: Mapping[str, Callable[[View, Any], object]] = {
    "host.address": host_address,
    "host.resident_VMs": resident_vms,
    "host.live": is_live,
    "host.last_published": last_published,
    "PIF.currently_attached": is_attached,
    "PIF.MTU": packet_size,
    "PIF.metrics": PIF_metrics,
    "PIF.status_detail": status_detail,
    "Bond.slaves": bond_slaves,
    "Bond.links_up": bond_links_up,
    "tunnel.status": status_of_tunnel,
    "VM.resident_on": resident_on,
    "VM.possible_hosts": possible_hosts,
    "VM.allowed_operations": operations_on_vm,
    "VIF.status_code": status_code,
    "VIF.status_detail": status_detail,
    "VIF.allowed_operations": operations_on_vif,
    "session.this_host": this_host,
    "task.allowed_operations": operations_on_task,
    "task.resident_on": this_host,
}


def tunnel_status(tunnel: Tunnel, device: str, attached: bool, links_up: frozenset[str]) -> dict[str, str]:
    """XenAPI's keys active, key and error, which in XenAPI an external controller writes.

    device: the access PIF's; attached: whether that is plugged.
    """
    obstacle = _obstacle(tunnel, device, attached, links_up)
    status = {"active": "false" if obstacle else "true", "key": str(tunnel.key)}
    return status | ({"error": obstacle} if obstacle else {})


def _obstacle(tunnel: Tunnel, device: str, attached: bool, links_up: frozenset[str]) -> str:
    """What keeps frames from passing; "" for nothing."""
    if not attached:
        return "The access PIF is not plugged."
    if not remote_ips(tunnel):
        return "There is no other end: other_config has no remote-ips."
    down = [name for name in tunnel_devices(device, tunnel) if name not in links_up]
    return f"Without carrier: {', '.join(down)}." if down else ""
