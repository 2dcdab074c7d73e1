"""The fields of XenAPI's records that have one value here, each with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.record import PIF, VIF, VLAN, VM, Bond, Host, Network, Pool, Record, Tunnel, VMGuestMetrics


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of XenAPI's that has one value here, and why."""

    value: object
    reason: str


NO_TASKS = "calls are not tasks: an operation is over when its call returns"
NO_LOCKING = "frames of VMs are not filtered"
NO_GUEST_IP = "addresses inside a VM are not set from outside"
NO_QOS = "VIFs have no limits of bandwidth"
NO_SRIOV = "SR-IOV is not known here"
NO_HA = "there is no high availability here"
NO_METRICS = "there are no metrics objects"

ATTACHABLE = {
    "allowed_operations": Constant((), NO_TASKS),
    "current_operations": Constant({}, NO_TASKS),
}

CONSTANT: Mapping[type[Record], Mapping[str, Constant]] = {
    Pool: {
        "ha_enabled": Constant(False, NO_HA),
        "ha_allow_overcommit": Constant(False, NO_HA),
        "redo_log_enabled": Constant(False, NO_HA),
        "igmp_snooping_enabled": Constant(False, "the bridges are made without snooping"),
    },
    Host: {
        "software_version": Constant({"network_backend": "bridge"}, "Linux bridges, not Open vSwitch"),
        "metrics": Constant(None, NO_METRICS),
    },
    Network: {
        **ATTACHABLE,
        "blobs": Constant({}, "nothing is stored beside the records"),
        "default_locking_mode": Constant("unlocked", NO_LOCKING),
        "assigned_ips": Constant({}, "there is no host-internal management network"),
        "purpose": Constant((), "network block devices are not known here"),
    },
    PIF: {
        "metrics": Constant(None, NO_METRICS),
        "capabilities": Constant((), "FCoE and SR-IOV are not known here"),
        "igmp_snooping_status": Constant("unknown", "XenAPI's default: it is not read back"),
        "sriov_physical_PIF_of": Constant((), NO_SRIOV),
        "sriov_logical_PIF_of": Constant((), NO_SRIOV),
        "PCI": Constant(None, "there are no PCI objects"),
    },
    Bond: {},
    VLAN: {},
    Tunnel: {},
    VM: {
        **ATTACHABLE,
        "is_control_domain": Constant(False, "the control domain is the host itself, and no VM here"),
        "scheduled_to_be_resident_on": Constant(None, NO_TASKS),
        "VBDs": Constant((), "disks are not known here"),
        "ha_restart_priority": Constant("", NO_HA),
    },
    VMGuestMetrics: {},
    VIF: {
        **ATTACHABLE,
        "runtime_properties": Constant({}, "what the toolstack knows of the device stays with it"),
        "qos_algorithm_type": Constant("", NO_QOS),
        "qos_algorithm_params": Constant({}, NO_QOS),
        "qos_supported_algorithms": Constant((), NO_QOS),
        "locking_mode": Constant("network_default", NO_LOCKING),
        "ipv4_allowed": Constant((), NO_LOCKING),
        "ipv6_allowed": Constant((), NO_LOCKING),
        "ipv4_configuration_mode": Constant("None", NO_GUEST_IP),
        "ipv4_addresses": Constant((), NO_GUEST_IP),
        "ipv4_gateway": Constant("", NO_GUEST_IP),
        "ipv6_configuration_mode": Constant("None", NO_GUEST_IP),
        "ipv6_addresses": Constant((), NO_GUEST_IP),
        "ipv6_gateway": Constant("", NO_GUEST_IP),
        "trunks": Constant((), "a VIF carries untagged frames, its network's"),
    },
}
