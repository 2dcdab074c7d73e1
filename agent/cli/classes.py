"""The classes of objects: what each has for fields, in xe's order, under xe's names and marks.

A new class is a new entry in CLASSES; its -list and -param- commands follow from it.
"""

from agent.cli import names
from agent.cli.field import MAP, MAP_RW, RW, SET, SET_RW, Class, Field, label_fields
from agent.cli.guests import GUEST_METRICS, VIF, VM
from agent.cli.parameter import boolean, integer, words
from agent.cli.telling import duplex, mbit_per_second, operations, thousandths, unknown

POOL = Class(
    "pool",
    "pool",
    ("uuid", "name-label", "name-description", "master", "default-SR"),
    (
        *label_fields(RW),
        Field("master", "master", refers="host"),
        Field("default-SR", "default_SR", refers="SR"),
        Field("other-config", "other_config", MAP_RW),
        Field("ha-enabled", "ha_enabled"),
        Field("ha-allow-overcommit", "ha_allow_overcommit"),
        Field("igmp-snooping-enabled", "igmp_snooping_enabled"),
    ),
    names.of_labelled,
)

HOST = Class(
    "host",
    "host",
    ("uuid", "name-label", "name-description"),
    (
        *label_fields(RW),
        Field("enabled", "enabled"),
        Field("API-version-major", "API_version_major"),
        Field("API-version-minor", "API_version_minor"),
        Field("API-version-vendor", "API_version_vendor"),
        Field("API-version-vendor-implementation", "API_version_vendor_implementation", MAP),
        Field("software-version", "software_version", MAP),
        Field("other-config", "other_config", MAP_RW),
        Field("hostname", "hostname"),
        Field("address", "address"),
    ),
    names.of_labelled,
)

NETWORK = Class(
    "network",
    "network",
    ("uuid", "name-label", "name-description", "bridge"),
    (
        *label_fields(RW),
        Field("VIF-uuids", "VIFs", SET, refers="VIF"),
        Field("PIF-uuids", "PIFs", SET, refers="PIF"),
        Field("MTU", "MTU", RW, read=integer),
        Field("bridge", "bridge"),
        Field("managed", "managed"),
        Field("other-config", "other_config", MAP_RW),
        Field("blobs", "blobs"),
        Field("tags", "tags", SET_RW, joiner=", ", read=words),
        Field("default-locking-mode", "default_locking_mode"),
        Field("purpose", "purpose", SET, joiner=", "),
    ),
    names.of_network,
)

PIF = Class(
    "PIF",
    "pif",
    ("uuid", "device", "VLAN", "MAC", "network-uuid", "currently-attached", "host-uuid"),
    (
        Field("uuid", "uuid"),
        Field("device", "device"),
        Field("MAC", "MAC", ignores_case=True),
        Field("physical", "physical"),
        Field("managed", "managed"),
        Field("currently-attached", "currently_attached"),
        Field("MTU", "MTU"),
        Field("VLAN", "VLAN"),
        Field("vlan-master-of", "VLAN_master_of", refers="VLAN"),
        Field("vlan-slave-of", "VLAN_slave_of", refers="VLAN"),
        Field("bond-master-of", "bond_master_of", refers="Bond"),
        Field("bond-slave-of", "bond_slave_of", refers="Bond"),
        Field("sriov-physical-PIF-of", "sriov_physical_PIF_of", refers="network_sriov"),
        Field("sriov-logical-PIF-of", "sriov_logical_PIF_of", refers="network_sriov"),
        Field("tunnel-access-PIF-of", "tunnel_access_PIF_of", refers="tunnel"),
        Field("tunnel-transport-PIF-of", "tunnel_transport_PIF_of", refers="tunnel"),
        Field("management", "management"),
        Field("network-uuid", "network", refers="network"),
        Field("network-name-label", "network", refers="network", shows="name_label"),
        Field("host-uuid", "host", refers="host"),
        Field("host-name-label", "host", refers="host", shows="name_label"),
        Field("IP-configuration-mode", "ip_configuration_mode"),
        Field("IP", "IP"),
        Field("netmask", "netmask"),
        Field("gateway", "gateway"),
        Field("IPv6-configuration-mode", "ipv6_configuration_mode"),
        Field("IPv6", "IPv6"),
        Field("IPv6-gateway", "ipv6_gateway"),
        Field("primary-address-type", "primary_address_type"),
        Field("DNS", "DNS"),
        Field("properties", "properties", MAP, key_setter="set_property"),
        Field("capabilities", "capabilities", SET),
        Field("io_read_kbs", "device", told=unknown, is_expensive=True),
        Field("io_write_kbs", "device", told=unknown, is_expensive=True),
        Field("carrier", "metrics", refers="PIF_metrics", shows="carrier"),
        Field("vendor-id", "metrics", refers="PIF_metrics", shows="vendor_id"),
        Field("vendor-name", "metrics", refers="PIF_metrics", shows="vendor_name"),
        Field("device-id", "metrics", refers="PIF_metrics", shows="device_id"),
        Field("device-name", "metrics", refers="PIF_metrics", shows="device_name"),
        Field("speed", "metrics", refers="PIF_metrics", shows="speed", printed=mbit_per_second),
        Field("duplex", "metrics", refers="PIF_metrics", shows="duplex", told=duplex),
        Field("disallow-unplug", "disallow_unplug", RW, read=boolean),
        Field("pci-bus-path", "metrics", refers="PIF_metrics", shows="pci_bus_path"),
        Field("other-config", "other_config", MAP_RW),
        Field("igmp-snooping-status", "igmp_snooping_status"),
    ),
    names.of_pif,
)

BOND = Class(
    "Bond",
    "bond",
    ("uuid", "master", "slaves"),
    (
        Field("uuid", "uuid"),
        Field("master", "master", refers="PIF"),
        Field("slaves", "slaves", refers="PIF"),
        Field("mode", "mode"),
        Field("properties", "properties", MAP, key_setter="set_property"),
        Field("primary-slave", "primary_slave", refers="PIF"),
        Field("links-up", "links_up"),
        Field("auto-update-mac", "auto_update_mac"),
    ),
    names.of_bond,
)

VLAN = Class(
    "VLAN",
    "vlan",
    ("uuid", "tagged-PIF", "untagged-PIF", "tag"),
    (
        Field("uuid", "uuid"),
        Field("tagged-PIF", "tagged_PIF", refers="PIF"),
        Field("untagged-PIF", "untagged_PIF", refers="PIF"),
        Field("tag", "tag"),
    ),
    names.of_vlan,
)

TUNNEL = Class(
    "tunnel",
    "tunnel",
    ("uuid", "transport-PIF", "access-PIF", "status"),
    (
        Field("uuid", "uuid"),
        Field("access-PIF", "access_PIF", refers="PIF"),
        Field("transport-PIF", "transport_PIF", refers="PIF"),
        Field("status", "status"),
        Field("other-config", "other_config", MAP_RW),
        Field("protocol", "protocol"),
    ),
    names.of_tunnel,
)

TASK = Class(
    "task",
    "task",
    ("uuid", "name-label", "name-description", "status", "progress"),
    (
        *label_fields(" RO"),
        Field("subtask_of", "subtask_of", refers="task"),
        Field("subtasks", "subtasks", refers="task"),
        Field("resident-on", "resident_on", refers="host"),
        Field("status", "status"),
        Field("progress", "progress", printed=thousandths),
        Field("type", "type"),
        Field("result", "result"),
        Field("created", "created"),
        Field("finished", "finished"),
        Field("error_info", "error_info"),
        Field("allowed_operations", "allowed_operations"),
        Field("current_operations", "current_operations", told=operations),
        Field("other-config", "other_config", MAP_RW),
    ),
    names.of_labelled,
    is_live=True,
)

# It is there for its fields alone, and has no commands.
PIF_METRICS = Class("PIF_metrics", "", (), (), names.of_nothing)

ALL = (POOL, HOST, NETWORK, PIF, BOND, VLAN, TUNNEL, VM, VIF, TASK, GUEST_METRICS, PIF_METRICS)
CLASSES = {kind.name: kind for kind in ALL}
