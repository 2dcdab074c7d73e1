"""The classes of objects: what each has for fields, in xe's order, under xe's names and marks.

A new class is a new entry in CLASSES; its -list and -param- commands follow from it.
"""

from agent.cli import names
from agent.cli.field import MAP, MAP_RW, RW, SET, SET_RW, Class, Field
from agent.cli.parameter import boolean, integer, words


def label_fields(mark: str) -> tuple[Field, ...]:
    """The fields that network, host and pool begin with."""
    return (
        Field("uuid", "uuid"),
        Field("name-label", "name_label", mark),
        Field("name-description", "name_description", mark),
    )


POOL = Class(
    "pool",
    "pool",
    ("uuid", "name-label", "name-description", "master", "default-SR"),
    (
        *label_fields(RW),
        Field("master", "master", refers="host"),
        Field("default-SR", "default_SR", refers="SR"),
        Field("other-config", "other_config", MAP_RW),
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
        Field("properties", "properties", MAP),
        Field("capabilities", "capabilities", SET),
        Field("disallow-unplug", "disallow_unplug", RW, read=boolean),
        Field("other-config", "other_config", MAP_RW),
        Field("igmp-snooping-status", "igmp_snooping_status"),
    ),
    names.of_PIF,
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
        Field("properties", "properties", MAP),
        Field("primary-slave", "primary_slave", refers="PIF"),
        Field("links-up", "links_up"),
        Field("auto-update-mac", "auto_update_mac"),
    ),
    names.of_Bond,
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
    names.of_VLAN,
)

TUNNEL = Class(
    "tunnel",
    "tunnel",
    ("uuid", "transport-PIF", "access-PIF", "status"),
    (
        Field("uuid", "uuid"),
        Field("access-PIF", "access_PIF", refers="PIF"),
        Field("transport-PIF", "transport_PIF", refers="PIF"),
        Field("status", "status", MAP),
        Field("other-config", "other_config", MAP_RW),
        Field("protocol", "protocol"),
    ),
    names.of_tunnel,
)

VIF = Class(
    "VIF",
    "vif",
    ("uuid", "device", "vm-uuid", "network-uuid"),
    (
        Field("uuid", "uuid"),
        Field("vm-uuid", "VM", refers="VM"),
        Field("vm-name-label", "VM", refers="VM", shows="name_label"),
        Field("allowed-operations", "allowed_operations", SET),
        Field("current-operations", "current_operations", SET),
        Field("device", "device"),
        Field("MAC", "MAC", ignores_case=True),
        Field("MAC-autogenerated", "MAC_autogenerated"),
        Field("MTU", "MTU"),
        Field("currently-attached", "currently_attached"),
        Field("qos_algorithm_type", "qos_algorithm_type"),
        Field("qos_algorithm_params", "qos_algorithm_params", MAP),
        Field("qos_supported_algorithms", "qos_supported_algorithms", SET),
        Field("other-config", "other_config", MAP_RW),
        Field("network-uuid", "network", refers="network"),
        Field("network-name-label", "network", refers="network", shows="name_label"),
        Field("locking-mode", "locking_mode"),
        Field("ipv4-allowed", "ipv4_allowed", SET),
        Field("ipv6-allowed", "ipv6_allowed", SET),
        Field("ipv4-configuration-mode", "ipv4_configuration_mode"),
        Field("ipv4-addresses", "ipv4_addresses"),
        Field("ipv4-gateway", "ipv4_gateway"),
        Field("ipv6-configuration-mode", "ipv6_configuration_mode"),
        Field("ipv6-addresses", "ipv6_addresses"),
        Field("ipv6-gateway", "ipv6_gateway"),
    ),
    names.of_VIF,
)

# possible-hosts, dom-id and PV-drivers-detected can be set: with xe the toolstack itself knows them, pifd is
# told.
VM = Class(
    "VM",
    "vm",
    ("uuid", "name-label", "power-state"),
    (
        *label_fields(RW),
        Field("is-a-template", "is_a_template", RW, read=boolean),
        Field("is-control-domain", "is_control_domain"),
        Field("power-state", "power_state"),
        Field("allowed-operations", "allowed_operations", SET),
        Field("current-operations", "current_operations", SET),
        Field("possible-hosts", "possible_hosts", SET_RW, refers="host", read=words),
        Field("resident-on", "resident_on", refers="host"),
        Field("affinity", "affinity", RW, refers="host"),
        Field("other-config", "other_config", MAP_RW),
        Field("dom-id", "domid", RW, read=integer),
        Field(
            "PV-drivers-detected",
            "guest_metrics",
            RW,
            refers="VM_guest_metrics",
            shows="PV_drivers_detected",
            read=boolean,
            setter="PV_drivers_detected",
        ),
    ),
    names.of_labelled,
)

GUEST_METRICS = Class("VM_guest_metrics", "", (), (), names.of_nothing)

CLASSES = {kind.name: kind for kind in (POOL, HOST, NETWORK, PIF, BOND, VLAN, TUNNEL, VM, GUEST_METRICS, VIF)}
