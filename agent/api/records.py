"""XenAPI's full record of an object: its own fields, those computed from others, those always the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from agent.api.codec import JSON
from agent.model import (
    PIF,
    AddressType,
    Bond,
    Host,
    Model,
    Network,
    Pool,
    Record,
    bond_of_master,
    management_of,
    pifs_of,
    pifs_on,
    slaves,
)

NULL = "OpaqueRef:NULL"


@dataclass(frozen=True, slots=True)
class View:
    """What a computed field is computed from; links_up: the names of the devices that have carrier."""

    model: Model
    links_up: frozenset[str]


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of XenAPI's that has one value here, and why."""

    value: object
    reason: str


def record_of(model: Model, record: Record, links_up: frozenset[str]) -> dict[str, JSON]:
    """All fields of a record as on the wire (XenAPI, get_record); links_up counts for a Bond alone."""
    constant = {name: field.value for name, field in CONSTANT[type(record)].items()}
    found = {**own_fields(record), **computed_fields(model, record, links_up), **constant}
    return {name: on_wire(value) for name, value in found.items()}


def computed_fields(model: Model, record: Record, links_up: frozenset[str]) -> dict[str, object]:
    """The fields of a record that follow from other records, or from the machine."""
    view = View(model, links_up)
    return {name: compute(view, record) for name, compute in COMPUTED[type(record)].items()}


def field_names(kind: type[Record]) -> tuple[str, ...]:
    """The names of the fields that record_of gives for a class."""
    return (*_own_names(kind), *COMPUTED[kind], *CONSTANT[kind])


def on_wire(value: object) -> JSON:
    """A value as the wire has it: no reference is the null reference, a set is an array."""
    if value is None:
        return NULL
    if isinstance(value, Mapping):
        return {str(key): on_wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [on_wire(item) for item in value]
    if isinstance(value, bool | int | float):
        return value
    return str(value)


def own_fields(record: Any) -> dict[str, object]:
    """The fields that the record holds; those of a value inside it (ip_configuration) stand among them."""
    found: dict[str, object] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        found |= own_fields(value) if is_dataclass(value) else {field.name: value}
    return found


def _own_names(kind: Any) -> tuple[str, ...]:
    hints = get_type_hints(kind)
    found: list[str] = []
    for field in fields(kind):
        inner = hints[field.name]
        found += _own_names(inner) if is_dataclass(inner) else (field.name,)
    return tuple(found)


def network_PIFs(view: View, network: Network) -> object:
    return [pif.ref for pif in pifs_on(view.model, network.ref)]


def bond_master_of(view: View, pif: PIF) -> object:
    bond = bond_of_master(view.model, pif)
    return [] if bond is None else [bond.ref]


def bond_slaves(view: View, bond: Bond) -> object:
    return [pif.ref for pif in slaves(view.model, bond)]


def bond_links_up(view: View, bond: Bond) -> object:
    return sum(pif.device in view.links_up for pif in slaves(view.model, bond))


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


COMPUTED: Mapping[type[Record], Mapping[str, Callable[[View, Any], object]]] = {
    Pool: {},
    Host: {"address": host_address, "PIFs": host_PIFs},
    Network: {"PIFs": network_PIFs},
    PIF: {"bond_master_of": bond_master_of},
    Bond: {"slaves": bond_slaves, "links_up": bond_links_up},
}

NO_TASKS = "calls are not tasks: an operation is over when its call returns"
NO_VM = "guests and their VIFs are not known here"
NO_VLAN = "VLANs are not known here"
NO_TUNNEL = "tunnels are not known here"
NO_SRIOV = "SR-IOV is not known here"
NO_HA = "there is no high availability here"
NO_METRICS = "there are no metrics objects"

CONSTANT: Mapping[type[Record], Mapping[str, Constant]] = {
    Pool: {
        "ha_enabled": Constant(False, NO_HA),
        "ha_allow_overcommit": Constant(False, NO_HA),
        "redo_log_enabled": Constant(False, NO_HA),
        "igmp_snooping_enabled": Constant(False, "the bridges are made without snooping"),
    },
    Host: {
        "software_version": Constant({"network_backend": "bridge"}, "Linux bridges, not Open vSwitch"),
        "resident_VMs": Constant((), NO_VM),
        "metrics": Constant(None, NO_METRICS),
    },
    Network: {
        "allowed_operations": Constant((), NO_TASKS),
        "current_operations": Constant({}, NO_TASKS),
        "VIFs": Constant((), NO_VM),
        "blobs": Constant({}, "nothing is stored beside the records"),
        "default_locking_mode": Constant("unlocked", NO_VM),
        "assigned_ips": Constant({}, NO_VM),
        "purpose": Constant((), "network block devices are not known here"),
    },
    PIF: {
        "metrics": Constant(None, NO_METRICS),
        "VLAN_master_of": Constant(None, NO_VLAN),
        "VLAN_slave_of": Constant((), NO_VLAN),
        "tunnel_access_PIF_of": Constant((), NO_TUNNEL),
        "tunnel_transport_PIF_of": Constant((), NO_TUNNEL),
        "capabilities": Constant((), "FCoE and SR-IOV are not known here"),
        "igmp_snooping_status": Constant("unknown", "XenAPI's default: it is not read back"),
        "sriov_physical_PIF_of": Constant((), NO_SRIOV),
        "sriov_logical_PIF_of": Constant((), NO_SRIOV),
        "PCI": Constant(None, "there are no PCI objects"),
    },
    Bond: {},
}
