"""The fields of XenAPI's records that have one value here, each with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.api.sessions.session import Session
from agent.api.tasks.task import Task
from agent.api.views.pif_metrics import PIFMetrics
from agent.model.records import PIF, VIF, VLAN, VM, Bond, Host, Network, Pool, Record, Tunnel, VMGuestMetrics


@dataclass(frozen=True, slots=True)
class Constant:
    """A field of XenAPI's that has one value here, and why."""

    value: object
    reason: str


TOLD_BY_TASKS = "what is under way is told by its task"
NO_LOCKING = "frames of VMs are not filtered"
NO_DISKS = "disks are not known here"
NO_GUEST_IP = "addresses inside a VM are not set from outside"
NO_QOS = "VIFs have no limits of bandwidth"
NO_SRIOV = "SR-IOV is not known here"
NO_SUBTASKS = "a call is one task"
NO_HA = "there is no high availability here"
NO_USERS = "users are the host's own: see auth_user_name"
NO_METRICS = "there are no metrics of hosts"
NO_COUNTERS = "XenAPI has removed it: counters are no part of records"

CURRENT_OPERATIONS = {"current_operations": Constant({}, TOLD_BY_TASKS)}

API_VERSION = "that of the XenAPI whose calls are here; those that are not are in docs/calls.md"

CONSTANT: Mapping[type[Record], Mapping[str, Constant]] = {
    Pool: {
        "ha_enabled": Constant(False, NO_HA),
        "ha_allow_overcommit": Constant(False, NO_HA),
        "redo_log_enabled": Constant(False, NO_HA),
        "default_SR": Constant(None, NO_DISKS),
        "igmp_snooping_enabled": Constant(False, "the bridges are made without snooping"),
    },
    Host: {
        "software_version": Constant({"network_backend": "bridge"}, "Linux bridges, not Open vSwitch"),
        "metrics": Constant(None, NO_METRICS),
        "API_version_major": Constant(2, API_VERSION),
        "API_version_minor": Constant(21, API_VERSION),
        "API_version_vendor": Constant("XenSource", "XenAPI's, whoever implements it"),
        "API_version_vendor_implementation": Constant({}, "XenAPI's default"),
    },
    Network: {
        "allowed_operations": Constant((), "XenAPI's only one, attaching, is no call of its own"),
        **CURRENT_OPERATIONS,
        "blobs": Constant({}, "nothing is stored beside the records"),
        "default_locking_mode": Constant("unlocked", NO_LOCKING),
        "assigned_ips": Constant({}, "there is no host-internal management network"),
        "purpose": Constant((), "network block devices are not known here"),
    },
    PIF: {
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
        **CURRENT_OPERATIONS,
        "is_control_domain": Constant(False, "the control domain is the host itself, and no VM here"),
        "scheduled_to_be_resident_on": Constant(None, "a toolstack tells of a VM when it has started"),
        "VBDs": Constant((), NO_DISKS),
        "ha_restart_priority": Constant("", NO_HA),
    },
    VMGuestMetrics: {},
    PIFMetrics: {
        "io_read_kbs": Constant(0.0, NO_COUNTERS),
        "io_write_kbs": Constant(0.0, NO_COUNTERS),
        "other_config": Constant({}, "it follows from the devices and is not stored: keep it in the PIF's"),
    },
    Session: {
        "this_user": Constant(None, NO_USERS),
        "subject": Constant(None, NO_USERS),
        "pool": Constant(False, "XenAPI's sessions between the hosts of a pool are not needed"),
        "rbac_permissions": Constant((), "what an operator and a reader may do is in docs/access.md"),
        "tasks": Constant((), "a task belongs to no session, and outlives the one that it was begun in"),
        "parent": Constant(None, "no session is made by another"),
        "client_certificate": Constant(False, "the kernel says who a caller is"),
    },
    Task: {
        "current_operations": Constant({}, "a task that is asked to stop has the status cancelling"),
        "type": Constant("<none/>", "XenAPI's default, which says nothing"),
        "subtask_of": Constant(None, NO_SUBTASKS),
        "subtasks": Constant((), NO_SUBTASKS),
        "backtrace": Constant("()", "what failed inside pifd is in its log"),
    },
    VIF: {
        **CURRENT_OPERATIONS,
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
